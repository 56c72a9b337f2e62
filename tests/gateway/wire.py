"""What the stand-in needs of the providers' wire formats: server-sent events, Amazon's event stream, Signature Version 4."""

import binascii
import datetime
import hashlib
import hmac
import json
import struct
import urllib.parse


def sse(data, event=None):
    """A server-sent event; `data` is an object, or text as it is to stand there."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {text}\n\n".encode()


def event_stream(headers, payload):
    """A message of application/vnd.amazon.eventstream: lengths and their CRC-32, headers, payload, CRC-32 of all before."""
    encoded = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 12 + len(encoded) + len(payload) + 4, len(encoded))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + encoded + payload
    return message + struct.pack(">I", binascii.crc32(message))


def bedrock_event(kind, body):
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return event_stream(headers, json.dumps(body, ensure_ascii=False).encode())


def bedrock_exception(kind, message):
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return event_stream(headers, json.dumps({"message": message}).encode())


def signature_fault(request, key_id, secret, region, service="bedrock", now=None):
    """Why the Signature Version 4 of a request does not hold; None if it does. As AWS publishes the algorithm: a request is
    put into canonical form, its hash is signed with a key derived from secret, day, region and service."""
    authorization = request.header("authorization") or ""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != "AWS4-HMAC-SHA256":
        return "no signature of version 4"
    try:
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        credential = fields["Credential"].split("/")
        signed = fields["SignedHeaders"].split(";")
        given = fields["Signature"]
    except (KeyError, ValueError):
        return "the authorization header is not whole"
    moment = request.header("x-amz-date") or ""
    day = moment[:8]
    scope = [day, region, service, "aws4_request"]
    if credential != [key_id, *scope]:
        return "another key, day, region or service"
    try:
        signed_at = datetime.datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return "no date"
    now = now or datetime.datetime.now(datetime.timezone.utc)
    if abs((now - signed_at).total_seconds()) > 300:
        return "too old, or of the future"
    missing = {"host", "x-amz-date"} - set(signed)
    missing |= {name for name, _ in request.headers if name.startswith("x-amz-")} - set(signed)
    if missing:
        return "a header that must be signed is not"
    path, _, query = request.target.partition("?")
    # Of every service but S3 the path, which is encoded already, is encoded once more.
    canonical_path = urllib.parse.quote(path, safe="/-_.~")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(
        f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}" for name, value in pairs
    )
    body_hash = hashlib.sha256(request.body).hexdigest()
    told = request.header("x-amz-content-sha256")
    if told not in (None, body_hash):
        return "the hash of the body is not the body's"
    headers = "".join(f"{name}:{' '.join((request.header(name) or '').split())}\n" for name in signed)
    canonical = "\n".join([request.method, canonical_path, canonical_query, headers, ";".join(signed), body_hash])
    to_sign = "\n".join([algorithm, moment, "/".join(scope), hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(expected, given) else "the signature is not that of the request"
