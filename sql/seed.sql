-- Mock data. Safe to load any number of times: users and the activity are inserted once, and rows that
-- are there already are left as they are.

INSERT INTO public.users (display_name, handle, email, cognito_user_id)
VALUES
  ('Andrew Brown', 'andrewbrown', 'andrewbrown@example.com', 'MOCK-andrewbrown'),
  ('Oppy Queen', 'dopsqueen', 'dopsqueen@example.com', 'MOCK-dopsqueen'),
  ('Andrew Bayko', 'bayko', 'bayko@example.com', 'MOCK-bayko'),
  ('Zeus Sucker', 'godofthunder', 'godofthunder@example.com', 'MOCK-godofthunder')
ON CONFLICT DO NOTHING;

INSERT INTO public.activities (user_uuid, message, expires_at)
SELECT users.uuid, 'This was imported as seed data!', current_timestamp + interval '10 days'
FROM public.users
WHERE users.cognito_user_id = 'MOCK-dopsqueen'
  AND NOT EXISTS (
    SELECT 1
    FROM public.activities
    WHERE activities.user_uuid = users.uuid
      AND activities.message = 'This was imported as seed data!'
  );
