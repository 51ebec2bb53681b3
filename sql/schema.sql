-- The application's tables. Safe to load any number of times: it creates what is missing, changes no row
-- and drops nothing. It is run statement by statement inside one transaction.
--
-- The unique indexes and the indexes are statements of their own, so that a table made by an earlier
-- schema gets them too; where its rows or columns do not allow it, loading fails instead of going on
-- with a table that the application would misuse.

CREATE TABLE IF NOT EXISTS public.users (
  uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  display_name text NOT NULL,
  handle text NOT NULL,
  email text NOT NULL,
  cognito_user_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT current_timestamp,
  CONSTRAINT users_handle_key UNIQUE (handle),
  CONSTRAINT users_cognito_user_id_key UNIQUE (cognito_user_id)
);

-- No-ops where the constraints above are in place: a constraint's index carries its name.
CREATE UNIQUE INDEX IF NOT EXISTS users_handle_key ON public.users (handle);
CREATE UNIQUE INDEX IF NOT EXISTS users_cognito_user_id_key ON public.users (cognito_user_id);

-- One account an address, however it is capitalised.
CREATE UNIQUE INDEX IF NOT EXISTS users_email_lower_key ON public.users (lower(email));

CREATE TABLE IF NOT EXISTS public.activities (
  uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_uuid uuid NOT NULL REFERENCES public.users (uuid) ON DELETE CASCADE,
  message text NOT NULL,
  replies_count integer NOT NULL DEFAULT 0,
  reposts_count integer NOT NULL DEFAULT 0,
  likes_count integer NOT NULL DEFAULT 0,
  -- a reply outlives what it answered
  reply_to_activity_uuid uuid REFERENCES public.activities (uuid) ON DELETE SET NULL,
  -- null: never
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT current_timestamp
);

-- A foreign key brings no index of its own; without these a deleted user or activity scans the table.
CREATE INDEX IF NOT EXISTS activities_user_uuid_idx ON public.activities (user_uuid);
CREATE INDEX IF NOT EXISTS activities_reply_to_activity_uuid_idx ON public.activities (reply_to_activity_uuid);

-- The home feed reads the newest first.
CREATE INDEX IF NOT EXISTS activities_created_at_idx ON public.activities (created_at DESC);
