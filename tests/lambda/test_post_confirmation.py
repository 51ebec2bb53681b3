"""Rules of the post-confirmation function, against a psycopg2 that is only a table in memory.

    python3 -m unittest discover -s tests/lambda
"""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import sys
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True  # the function's folder is deployed; keep it as it is

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "lambda" / "post_confirmation" / "lambda_function.py"
URL = "postgresql://cruddurroot:hunter2-secret@db.example.com:5432/cruddur"
SUB = "5f0c3a52-0001-4000-8000-aaaaaaaaaaaa"


class FakeError(Exception):
    """psycopg2.Error: the text quotes data, as the real one does."""

    def __init__(self, message, pgcode=None, constraint=None):
        super().__init__(message)
        self.pgcode = pgcode
        self.diag = types.SimpleNamespace(constraint_name=constraint)


class FakeDatabase:
    """The users table with the three unique rules of sql/schema.sql."""

    def __init__(self):
        self.rows = []
        self.connections = []
        self.statements = []
        self.connect_error = None
        self.insert_error = None
        self.before_insert = None

    def connect(self, dsn, **options):
        if self.connect_error is not None:
            raise self.connect_error
        connection = FakeConnection(self, dsn, options)
        self.connections.append(connection)
        return connection


class FakeConnection:
    def __init__(self, database, dsn, options):
        self.database, self.dsn, self.options = database, dsn, options
        self.pending, self.broken, self.closed = [], False, 0
        self.cursor_error = self.close_error = None

    def cursor(self):
        if self.cursor_error is not None:
            raise self.cursor_error
        return FakeCursor(self)

    def commit(self):
        assert not self.broken, "commit in a failed transaction"
        self.database.rows += self.pending
        self.pending = []

    def rollback(self):
        self.pending, self.broken = [], False

    def close(self):
        self.pending = []
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error


class FakeCursor:
    def __init__(self, connection):
        self.connection, self.database = connection, connection.database
        self.rowcount, self.result = -1, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def execute(self, sql, params=()):
        if self.connection.broken:
            raise FakeError("current transaction is aborted", "25P02")
        self.database.statements.append((sql, tuple(params)))
        if sql.strip().startswith("INSERT"):
            self.insert(params)
        elif sql.startswith("SELECT 1 FROM public.users"):
            known = [row for row in self.database.rows if row[3] == params[0]]
            self.result = (1,) if known else None

    def fetchone(self):
        return self.result

    def insert(self, row):
        if self.database.insert_error is not None:
            self.connection.broken = True
            raise self.database.insert_error
        known = any(other[3] == row[3] for other in self.database.rows)
        # the moment in which an overlapping attempt commits: after the look at ON CONFLICT's index
        if self.database.before_insert is not None:
            self.database.before_insert(row)
        if known:
            self.rowcount = 0
            return
        for other in self.database.rows:
            for same, constraint in (
                (other[2] == row[2], "users_handle_key"),
                (other[1].lower() == row[1].lower(), "users_email_lower_key"),
            ):
                if same:
                    self.connection.broken = True
                    raise FakeError(f"duplicate key {row[2]} {row[1]}", "23505", constraint)
        self.connection.pending.append(tuple(row))
        self.rowcount = 1


def event(trigger="PostConfirmation_ConfirmSignUp", **attributes):
    given = {"sub": SUB, "email": "ada@example.com", "name": "Ada", "preferred_username": "ada"}
    given.update(attributes)
    return {
        "version": "1",
        "triggerSource": trigger,
        "userPoolId": "us-west-2_abc",
        "userName": "ada",
        "request": {"userAttributes": {key: value for key, value in given.items() if value is not None}},
        "response": {},
    }


class PostConfirmation(unittest.TestCase):
    def setUp(self):
        self.database = FakeDatabase()
        module = types.ModuleType("psycopg2")
        module.Error = FakeError
        module.connect = self.database.connect
        for patch in (
            mock.patch.dict(sys.modules, {"psycopg2": module}),
            mock.patch.dict(os.environ, {"CONNECTION_URL": URL}),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        os.environ.pop("PGSSLROOTCERT", None)
        spec = importlib.util.spec_from_file_location("lambda_function", SOURCE)
        self.function = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.function)
        self.lines = []

    def call(self, given):
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output):
                return self.function.lambda_handler(given, types.SimpleNamespace(aws_request_id="r-1"))
        finally:
            self.lines += output.getvalue().splitlines()
            self.assert_discreet("\n".join(self.lines))

    def fails(self, given):
        with self.assertRaises(self.function.PostConfirmationError) as caught:
            self.call(given)
        error = caught.exception
        self.assert_discreet(str(error))
        self.assertTrue(error.__cause__ is None)
        self.assertTrue(error.__suppress_context__ or error.__context__ is None)
        return str(error)

    def last(self):
        return json.loads(self.lines[-1])

    def assert_discreet(self, text):
        for secret in ("ada@", "Ada", "hunter2", "example.com", SUB, "INSERT", "duplicate key"):
            self.assertNotIn(secret, text)

    # --- what is recorded

    def test_a_sign_up_is_recorded_once_however_often_it_is_called(self):
        given = event()
        before = json.dumps(given)
        for _ in range(3):
            self.assertIs(self.call(given), given)
        self.assertEqual(json.dumps(given), before)
        self.assertEqual(self.database.rows, [("Ada", "ada@example.com", "ada", SUB)])
        outcomes = [json.loads(line)["outcome"] for line in self.lines]
        self.assertEqual(outcomes, ["inserted", "exists", "exists"])

    def test_a_password_reset_changes_nothing(self):
        self.call(event())
        self.call(event("PostConfirmation_ConfirmForgotPassword", name="Other", preferred_username="other"))
        self.assertEqual(self.database.rows, [("Ada", "ada@example.com", "ada", SUB)])

    def test_a_password_reset_repairs_a_missing_row(self):
        self.call(event("PostConfirmation_ConfirmForgotPassword"))
        self.assertEqual(len(self.database.rows), 1)
        self.assertEqual(self.last()["outcome"], "inserted")

    def test_an_overlapping_attempt_for_the_same_user_is_success(self):
        self.database.before_insert = lambda row: self.database.rows.append(tuple(row))
        given = event()
        self.assertIs(self.call(given), given)
        self.assertEqual(self.last()["outcome"], "exists")
        self.assertEqual(len(self.database.rows), 1)

    def test_fallbacks(self):
        for given, expected in (
            ({"name": None}, ("ada", "ada")),
            ({"preferred_username": None}, ("Ada", "user_")),
            ({"name": None, "preferred_username": None}, ("user_", "user_")),
            ({"name": "  ", "preferred_username": ""}, ("user_", "user_")),
            ({"name": 7, "preferred_username": ["x"]}, ("user_", "user_")),
        ):
            with self.subTest(given):
                self.database.rows.clear()
                self.call(event(**given))
                display_name, _, handle, _ = self.database.rows[0]
                self.assertTrue(display_name.startswith(expected[0]), display_name)
                self.assertTrue(handle.startswith(expected[1]), handle)

    def test_the_fallback_handle_depends_on_the_sub_alone(self):
        handles = []
        for sub, email in (("a", "x@y.z"), ("a", "z@y.x"), ("b", "x@y.z")):
            self.database.rows.clear()
            self.call(event(sub=sub, email=email, preferred_username=None))
            handles.append(self.database.rows[0][2])
        self.assertEqual(handles[0], handles[1])
        self.assertNotEqual(handles[0], handles[2])
        self.assertRegex(handles[0], r"\Auser_[0-9a-f]{12}\Z")

    def test_attributes_are_parameters_never_sql(self):
        name = "*/; DROP TABLE users; /* %s 100%"
        self.call(event(name=name))
        sql, params = self.database.statements[0]
        self.assertEqual(sql, self.function.INSERT_USER)
        self.assertEqual(params[0], name)

    # --- what is refused

    def test_a_handle_of_another_user_fails_sign_up(self):
        self.call(event())
        for trigger in ("PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"):
            message = self.fails(event(trigger, sub="other", email="b@c.d"))
            self.assertIn("handle is taken", message)
            self.assertIn("23505", message)
        self.assertEqual(len(self.database.rows), 1)
        self.assertEqual(self.last()["outcome"], "rejected")

    def test_an_address_of_another_user_fails_sign_up(self):
        self.call(event())
        message = self.fails(event(sub="other", email="ADA@Example.com", preferred_username="b"))
        self.assertIn("e-mail address is taken", message)

    def test_missing_sub_or_email_is_named(self):
        self.assertIn("sub", self.fails(event(sub=None)))
        self.assertIn("email", self.fails(event(email=" ")))
        self.assertEqual(self.database.connections, [])

    def test_odd_events(self):
        for given in (None, [], "text", {}, event("PreSignUp_SignUp"), event(None), event(["x"]), event({})):
            with self.subTest(given=given):
                self.assertIs(self.call(given), given)
                self.assertEqual(self.last()["outcome"], "ignored")
        for request in (None, [], {}, {"userAttributes": None}, {"userAttributes": "x"}):
            with self.subTest(request=request):
                given = dict(event(), request=request)
                self.fails(given)
        self.assertEqual(self.database.connections, [])

    def test_database_errors_are_raised_again_without_their_text(self):
        self.database.insert_error = FakeError("relation users, row Ada", "42P01")
        self.assertEqual(self.fails(event()), "could not record the user (SQLSTATE 42P01)")
        self.assertEqual(self.last()["sqlstate"], "42P01")
        self.assertEqual(self.database.connections[0].closed, 1)

    def test_an_unreachable_database_is_an_error(self):
        self.database.connect_error = FakeError(f"could not connect to {URL}")
        self.assertEqual(self.fails(event()), "could not record the user (FakeError)")

    def test_an_error_of_another_kind_is_an_error(self):
        self.database.insert_error = ValueError("A string literal cannot contain NUL: Ada")
        self.assertEqual(self.fails(event()), "could not record the user (ValueError)")

    def test_a_missing_connection_url_is_named(self):
        del os.environ["CONNECTION_URL"]
        self.assertIn("CONNECTION_URL", self.fails(event()))

    # --- the connection

    def test_the_server_is_verified_and_the_time_bounded(self):
        self.call(event())
        connection = self.database.connections[0]
        self.assertEqual(connection.dsn, URL)
        self.assertEqual(
            connection.options,
            {
                "sslmode": "verify-full",
                "sslrootcert": str(SOURCE.parent / "rds-ca-bundle.pem"),
                "connect_timeout": 2,
                "options": "-c statement_timeout=2000",
            },
        )
        self.assertIn("BEGIN CERTIFICATE", pathlib.Path(connection.options["sslrootcert"]).read_text())
        with mock.patch.dict(os.environ, {"PGSSLROOTCERT": "/etc/ca.pem"}):
            self.call(event())
        self.assertEqual(self.database.connections[1].options["sslrootcert"], "/etc/ca.pem")

    def test_every_call_opens_and_closes_its_own_connection(self):
        for _ in range(2):
            self.call(event())
        self.assertEqual([connection.closed for connection in self.database.connections], [1, 1])

    def test_failing_to_make_a_cursor_or_to_close_hides_nothing(self):
        connect = self.database.connect

        def broken(dsn, **options):
            connection = connect(dsn, **options)
            connection.cursor_error = FakeError("no cursor", "57P01")
            connection.close_error = FakeError("no close")
            return connection

        self.function.psycopg2.connect = broken
        self.assertIn("57P01", self.fails(event()))
        self.assertEqual(self.database.connections[0].closed, 1)

    # --- the log

    def test_one_json_line_a_call(self):
        self.call(event())
        self.assertEqual(len(self.lines), 1)
        line = self.last()
        self.assertEqual(set(line), {"request_id", "trigger", "outcome", "sqlstate", "duration_ms"})
        self.assertEqual(line["request_id"], "r-1")
        self.assertEqual(line["trigger"], "PostConfirmation_ConfirmSignUp")

    def test_no_context_is_needed(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.function.lambda_handler(event(), None)
        self.assertEqual(len(self.database.rows), 1)


if __name__ == "__main__":
    unittest.main()
