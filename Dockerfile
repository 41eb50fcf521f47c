# One image for the API, the worker and the migrations: `docker build -t wangge .`
FROM python:3.13-slim AS packages
COPY requirements.lock .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: \
        -r requirements.lock

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    WANGGE_ENVIRONMENT=production \
    WANGGE_HOST=0.0.0.0
RUN useradd --system --uid 10001 --create-home --home-dir /srv/wangge wangge
WORKDIR /srv/wangge
COPY --from=packages /opt/venv /opt/venv
COPY alembic.ini ./
COPY migrations migrations
COPY app app
COPY docs/openapi.json docs/
# Nobody may write here later on, and each process would compile all of it anew.
RUN python -m compileall -q app
RUN mkdir -p var/files && chown -R wangge var
USER wangge
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
