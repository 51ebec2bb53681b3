"""Runs one invocation of a Python function the way Lambda's runtime does.

The order comes as one JSON object on stdin. What the function prints goes to stderr, which is its log; the
descriptor that was stdout carries two JSON lines: that the handler is about to run, and what came of it.
"""

import importlib
import json
import logging
import os
import sys
import time
import traceback

control = os.fdopen(os.dup(1), "w", encoding="utf-8")  # a duplicate is not inherited by what the function starts
os.dup2(2, 1)
order = json.load(sys.stdin)
nothing = os.open(os.devnull, os.O_RDONLY)
os.dup2(nothing, 0)
sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
sys.argv[:] = [""]


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What the handler gets beside the event."""

    def __init__(self, given):
        self.aws_request_id = given["aws_request_id"]
        self.function_name = given["function_name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = given["invoked_function_arn"]
        self.memory_limit_in_mb = str(given["memory"])
        self.log_group_name = given["log_group_name"]
        self.log_stream_name = given["log_stream_name"]
        self.identity = Identity()
        self.client_context = given["client_context"]
        self.tenant_id = None
        self._ends = time.monotonic() + given["timeout"]

    def get_remaining_time_in_millis(self):
        return max(int((self._ends - time.monotonic()) * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class Formatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        record.aws_request_id = order["context"]["aws_request_id"]
        return super().format(record)


def send(message):
    sys.stdout.flush()
    sys.stderr.flush()
    control.write(json.dumps(message) + "\n")
    control.flush()


def as_on_lambda(text):
    """Paths as they would be on Lambda: those of this machine tell nothing."""
    for here, there in order["places"]:
        text = text.replace(here, there)
    return text


def fail(kind, message, stack=(), log=True):
    stack = [as_on_lambda(line) for line in stack]
    error = {"errorMessage": as_on_lambda(message), "errorType": kind,
             "requestId": order["context"]["aws_request_id"], "stackTrace": stack}
    if log:
        text = "[ERROR] " + kind + (": " + error["errorMessage"] if message else "")
        if stack:
            text += "\nTraceback (most recent call last):\n" + "".join(stack).rstrip("\n")
        print(text, file=sys.stderr)
    finish({"error": error})


def fail_with(error):
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if f.filename != __file__ and "importlib" not in f.filename]
    fail(type(error).__name__, str(error), traceback.format_list(frames))


def finish(message):
    try:
        import resource
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        message["memory_mb"] = used // (1024 * 1024 if sys.platform == "darwin" else 1024)
    except ImportError:
        pass
    send(message)
    logging.shutdown()
    os._exit(0)  # as on Lambda, threads that the handler left behind do not go on


def find_handler():
    name = os.environ.get("_HANDLER", "")
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        fail("Runtime.MalformedHandlerName",
             "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        fail("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        where = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, (error.text or "").rstrip())
        fail("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), [where])
    except Exception as error:
        fail_with(error)
    if not hasattr(module, function_name):
        fail("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))
    return getattr(module, function_name)


def main():
    to_log = logging.StreamHandler(sys.stderr)
    to_log.setFormatter(Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
                                  "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(to_log)
    handler = find_handler()
    context = Context(order["context"])
    send({"started": True})
    try:
        result = handler(order["event"], context)
    except Exception as error:
        fail_with(error)
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError) as error:
        fail("Runtime.MarshalError", "Unable to marshal response: %s" % error)
    finish({"result": result})


try:
    main()
except SystemExit as leaving:
    sys.stdout.flush()
    sys.stderr.flush()
    code = leaving.code
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr, flush=True)
        code = 1
    os._exit((code or 0) & 0xFF)
