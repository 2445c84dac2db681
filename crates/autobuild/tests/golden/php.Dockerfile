# Written by Longshore for PHP 8.3.
FROM composer:2 AS build
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/tmp/cache composer install --no-dev --no-interaction --optimize-autoloader --ignore-platform-reqs --no-scripts

FROM php:8.3-apache
ENV PORT=8080
RUN docker-php-ext-install pdo_mysql opcache && a2enmod rewrite
RUN sed -ri 's!/var/www/html!/var/www/html/public!g' /etc/apache2/sites-available/*.conf && sed -ri 's/(Listen |:)80/\1${PORT}/' /etc/apache2/ports.conf /etc/apache2/sites-available/000-default.conf
COPY --chown=www-data:www-data --from=build /app /var/www/html
USER www-data
EXPOSE 8080
