# One image; `worker`, `api` and `migrate` are its commands.
FROM python:3.11-slim-trixie@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7 AS build
WORKDIR /src
RUN python -m venv /opt/billflow
COPY hashes.txt ./
RUN /opt/billflow/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes -r hashes.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY examples ./examples
RUN /opt/billflow/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-trixie@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7
RUN groupadd --gid 10001 billflow && useradd --uid 10001 --gid 10001 --create-home --home-dir /app billflow
WORKDIR /app
COPY --from=build /opt/billflow /opt/billflow
# By its number, so that Kubernetes sees that it isn't root.
USER 10001
# A volume that is mounted here belongs to the same user.
RUN mkdir --mode=700 /app/audit
ENV PATH="/opt/billflow/bin:$PATH" PYTHONUNBUFFERED=1 BILLFLOW_LOG_FORMAT=json
ENTRYPOINT ["billflow"]
CMD ["--help"]
