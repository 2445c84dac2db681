# Written by Longshore for Ruby 3.3.
FROM ruby:3.3 AS build
WORKDIR /app
ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test
COPY Gemfile Gemfile.lock ./
RUN bundle install
COPY . .
RUN SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rails assets:precompile

FROM ruby:3.3-slim
ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production RACK_ENV=production RAILS_LOG_TO_STDOUT=1 PORT=3000
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 libjemalloc2 && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --create-home app
WORKDIR /app
COPY --from=build /bundle /bundle
COPY --from=build --chown=app:app /app ./
USER app
EXPOSE 3000
CMD ["/bin/sh", "-c", "exec bundle exec rails server -b 0.0.0.0 -p $PORT"]
