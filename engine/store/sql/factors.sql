-- name: is_on
-- Whether a member's sign-in has a second step.
select member_id from second_factor where member_id = $1 and confirmed_us is not null;

-- name: state
-- Since when the second step is on, and how many recovery codes are left.
select f.confirmed_us, (select count(*) from recovery_code c where c.member_id = f.member_id and c.used_us is null)
    as codes_left
from second_factor f where f.member_id = $1 and f.confirmed_us is not null;

-- name: begin
-- A secret that waits for its first code; one that is confirmed is not replaced.
insert into second_factor (member_id, secret, confirmed_us, last_step, created_us) values ($1, $2, null, 0, $3)
on conflict (member_id) do update set secret = excluded.secret, created_us = excluded.created_us
where second_factor.confirmed_us is null
returning member_id;

-- name: secret
-- The encrypted secret and the last accepted step.
select secret, last_step, confirmed_us, created_us from second_factor where member_id = $1;

-- name: switch_on
-- The first code was right.
update second_factor set confirmed_us = $2, last_step = $3 where member_id = $1 and confirmed_us is null
returning member_id;

-- name: use_step
-- A code counts once: its step must be later than the last accepted one.
update second_factor set last_step = $2 where member_id = $1 and confirmed_us is not null and last_step < $2
returning member_id;

-- name: drop
-- The second step is off.
delete from second_factor where member_id = $1 returning member_id;

-- name: drop_codes
-- Recovery codes are void.
delete from recovery_code where member_id = $1;

-- name: add_codes
-- Recovery codes, in bulk; only hashes.
insert into recovery_code (code_hash, member_id, used_us) select code_hash, member_id, null from batch;

-- name: use_code
-- A recovery code counts once.
update recovery_code set used_us = $3 where code_hash = $1 and member_id = $2 and used_us is null
returning member_id;

-- name: add_challenge
-- The password was right; the code is awaited.
insert into login_challenge (ticket_hash, member_id, epoch, expires_us) values ($1, $2, $3, $4);

-- name: challenge
-- Whose code is awaited at $2.
select member_id, epoch from login_challenge where ticket_hash = $1 and expires_us > $2;

-- name: take_challenge
-- Uses a challenge up.
delete from login_challenge where ticket_hash = $1 and expires_us > $2 returning member_id;

-- name: drop_old_challenges
-- Challenges nobody answered.
delete from login_challenge where expires_us <= $1;

-- name: drop_challenges_of
-- A member's open challenges are void.
delete from login_challenge where member_id = $1;
