"""Cognito post-confirmation trigger: records the confirmed user in Postgres.

Cognito calls this synchronously, waits 5 s and tries up to three times; attempts may overlap. It also
calls it after every password reset. So the same user may arrive any number of times and must end up as
exactly one row. Rules:

* PostConfirmation_ConfirmSignUp: insert the user; a user who is already there is left as is, because
  a repeated event must not undo what the user has changed in the application since.
* PostConfirmation_ConfirmForgotPassword: the same statement, as a repair for a user whose row is missing.
* Any other trigger source: nothing is done and the event goes back as it came.
* display_name: `name`, else `preferred_username`, else the handle. Never a part of the e-mail address:
  the display name is public.
* handle: `preferred_username`, else `user_` and twelve hex digits of SHA-256(sub), the same on every call.
* A handle or an e-mail address that belongs to another user is an error, never a second or a changed row.
* What fails is raised again, in words without SQL and personal data: Cognito hands the text to the
  browser. Nothing personal is logged either; CloudWatch keeps it longer than the user may stay.

Time: 2 s to connect + 2 s for the insert + 0.5 s for the look-up after a conflict < Cognito's 5 s.
"""

import hashlib
import json
import os
import time

import psycopg2

SIGN_UP = "PostConfirmation_ConfirmSignUp"
PASSWORD_RESET = "PostConfirmation_ConfirmForgotPassword"

UNIQUE_VIOLATION = "23505"

# Constant text, values only as parameters: user attributes are chosen by strangers.
INSERT_USER = """
INSERT INTO public.users (display_name, email, handle, cognito_user_id)
VALUES (%s, %s, %s, %s)
ON CONFLICT (cognito_user_id) DO NOTHING
"""
LOOK_UP_TIMEOUT = "SET LOCAL statement_timeout = 500"
LOOK_UP_USER = "SELECT 1 FROM public.users WHERE cognito_user_id = %s"

CA_BUNDLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rds-ca-bundle.pem")

# The index names are those of sql/schema.sql.
TAKEN = {
    "users_handle_key": "the handle is taken by another user",
    "users_email_lower_key": "the e-mail address is taken by another user",
}


class PostConfirmationError(Exception):
    """What Cognito shows to the person who signs up: short, no SQL, no personal data."""


def lambda_handler(event, context):
    """Entry point; returns the event, as Cognito requires."""
    started = time.monotonic()
    trigger = event.get("triggerSource") if isinstance(event, dict) else None
    if trigger not in (SIGN_UP, PASSWORD_RESET):
        _log(context, trigger, "ignored", started)
        return event
    try:
        outcome = _record(_user(event))
    except PostConfirmationError as error:
        _log(context, trigger, "rejected", started, error=str(error))
        raise
    except Exception as error:  # whatever it is, its own text may quote the URL or the row
        sqlstate = getattr(error, "pgcode", None)
        _log(context, trigger, "failed", started, sqlstate=sqlstate, error=type(error).__name__)
        cause = f"SQLSTATE {sqlstate}" if sqlstate else type(error).__name__
        raise PostConfirmationError(f"could not record the user ({cause})") from None
    _log(context, trigger, outcome, started)
    return event


def _user(event):
    """(display_name, email, handle, cognito_user_id) by the rules at the top."""
    request = event.get("request")
    attributes = request.get("userAttributes") if isinstance(request, dict) else None
    if not isinstance(attributes, dict):
        raise PostConfirmationError("could not record the user (the event has no user attributes)")

    def text(name):
        value = attributes.get(name)
        return value.strip() if isinstance(value, str) else ""

    sub, email = text("sub"), text("email")
    if not sub or not email:
        missing = "sub" if not sub else "email"
        raise PostConfirmationError(f"could not record the user (the event has no attribute {missing})")
    fallback = "user_" + hashlib.sha256(sub.encode()).hexdigest()[:12]
    handle = text("preferred_username") or fallback
    return text("name") or handle, email, handle, sub


def _record(user):
    """Inserts the user once; says `inserted` or `exists`."""
    url = os.environ.get("CONNECTION_URL")
    if not url:
        raise PostConfirmationError("could not record the user (CONNECTION_URL is not set)")
    conn = None
    try:
        conn = psycopg2.connect(
            url,
            # overrides what the URL says: the password goes to nobody but the database
            sslmode="verify-full",
            sslrootcert=os.environ.get("PGSSLROOTCERT") or CA_BUNDLE,
            connect_timeout=2,
            options="-c statement_timeout=2000",
        )
        with conn.cursor() as cur:
            try:
                cur.execute(INSERT_USER, user)
                inserted = cur.rowcount == 1
                conn.commit()
                return "inserted" if inserted else "exists"
            except psycopg2.Error as error:
                if getattr(error, "pgcode", None) != UNIQUE_VIOLATION:
                    raise
                conn.rollback()
                constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
            # Two overlapping attempts for one user can collide on another index than the one named in
            # ON CONFLICT: that is success, not a conflict with somebody else.
            cur.execute(LOOK_UP_TIMEOUT)
            cur.execute(LOOK_UP_USER, (user[3],))
            if cur.fetchone() is not None:
                return "exists"
        why = TAKEN.get(constraint)
        why = f"{why}, SQLSTATE {UNIQUE_VIOLATION}" if why else f"SQLSTATE {UNIQUE_VIOLATION}"
        raise PostConfirmationError(f"could not record the user ({why})")
    finally:
        if conn is not None:
            try:
                conn.close()
            except Exception:  # the row is committed or the error is on its way already
                pass


def _log(context, trigger, outcome, started, sqlstate=None, error=None):
    line = {
        "request_id": getattr(context, "aws_request_id", None),
        "trigger": trigger[:100] if isinstance(trigger, str) else None,
        "outcome": outcome,
        "sqlstate": sqlstate,
        "duration_ms": round((time.monotonic() - started) * 1000),
    }
    if error is not None:
        line["error"] = error
    print(json.dumps(line), flush=True)
