"""Spans of the calls that an aiohttp session makes, each under what is traced around it."""

from types import SimpleNamespace

import aiohttp
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind, StatusCode, Tracer, set_span_in_context

FAILED = 400
"""The lowest HTTP status of an answer that is an error."""


def traced_calls(tracer: Tracer) -> aiohttp.TraceConfig:
    """Return what makes a span of each call, and tells whom it calls the trace's id."""

    async def begin(_: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        asked = {"http.method": params.method, "http.url": str(params.url)}
        call.span = tracer.start_span(params.method, kind=SpanKind.CLIENT, attributes=asked)
        inject(params.headers, context=set_span_in_context(call.span))

    config = aiohttp.TraceConfig()
    config.on_request_start.append(begin)
    config.on_request_end.append(_end)
    config.on_request_exception.append(_fail)
    return config


async def _end(_: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
    call.span.set_attribute("http.status_code", params.response.status)
    if params.response.status >= FAILED:
        call.span.set_status(StatusCode.ERROR)
    call.span.end()


async def _fail(_: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams) -> None:
    call.span.record_exception(params.exception)
    call.span.set_status(StatusCode.ERROR)
    call.span.end()
