# Written by Longshore for Python 3.13 with poetry.
FROM python:3.13 AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv
RUN --mount=type=cache,target=/root/.cache/pip python -m venv /opt/poetry && /opt/poetry/bin/pip install poetry
COPY pyproject.toml poetry.lock ./
RUN --mount=type=cache,target=/root/.cache/pypoetry /opt/poetry/bin/poetry install --only main --no-root --no-interaction

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
RUN useradd --uid 10001 --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 8000
CMD ["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application"]
