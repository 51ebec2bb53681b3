-- Parameters: handle, message, expires_at. An unknown handle fails on user_uuid's NOT NULL, so that
-- a message is never lost in silence.
INSERT INTO public.activities (
  user_uuid,
  message,
  expires_at
)
VALUES (
  (SELECT users.uuid FROM public.users WHERE users.handle = %(handle)s),
  %(message)s,
  %(expires_at)s
)
RETURNING uuid
