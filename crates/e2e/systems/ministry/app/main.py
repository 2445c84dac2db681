"""The dashboard's API, under a path of its host."""

import json
import os

import asyncpg
import redis.asyncio as redis
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware

PREFIX = os.environ["ROOT_PATH"]

app = FastAPI(title="Dashboard", docs_url=f"{PREFIX}/docs", openapi_url=f"{PREFIX}/openapi.json")
app.add_middleware(CORSMiddleware, allow_origins=json.loads(os.environ["CORS_ORIGINS"]))
api = APIRouter(prefix=f"{PREFIX}/api/v1")
cache = redis.from_url(os.environ["REDIS_URL"])


async def database():
    return await asyncpg.connect(os.environ["DATABASE_URL"])


@api.get("/health")
async def health():
    connection = await database()
    try:
        await connection.execute("SELECT 1")
    finally:
        await connection.close()
    await cache.ping()
    return {"status": "healthy"}


@api.get("/caller")
async def caller(request: Request):
    return {"scheme": request.url.scheme, "address": request.client.host, "path": request.url.path}


@api.post("/visits")
async def visit():
    """Counts in both stores."""
    connection = await database()
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
        await connection.execute("INSERT INTO visits DEFAULT VALUES")
        rows = await connection.fetchval("SELECT count(*) FROM visits")
    finally:
        await connection.close()
    return {"rows": rows, "hits": await cache.incr("hits")}


@api.get("/policy")
async def policy():
    found = await cache.config_get("maxmemory*")
    return {"maxmemory": found["maxmemory"], "policy": found["maxmemory-policy"]}


@app.websocket(f"{PREFIX}/ws")
async def echo(socket: WebSocket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


app.include_router(api)
