# Written by Longshore for Python 3.13 with uv.
FROM python:3.13 AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv
RUN --mount=type=cache,target=/root/.cache/pip python -m pip install --target /opt/uv uv
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv UV_PROJECT_ENVIRONMENT=/venv UV_LINK_MODE=copy /opt/uv/bin/uv sync --frozen --no-dev --no-install-project
RUN --mount=type=cache,target=/root/.cache/pip python -m pip install uvicorn

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
RUN useradd --uid 10001 --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 8000
CMD ["/bin/sh", "-c", "exec uvicorn --host 0.0.0.0 --port $PORT app.main:app"]
