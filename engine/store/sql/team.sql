-- name: add_link
-- A new link; only the hash of its token is kept.
insert into access_link (id, token_hash, kind, account_id, member_id, role, label, made_by, created_us, expires_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: link
-- The link behind a token that is still good at $2, with what its page shows.
select l.id, l.kind, l.account_id, l.member_id, l.role, l.expires_us, a.name as account_name, a.kind as account_kind,
    a.zone, m.user_name, m.email, m.full_name
from access_link l join account a on a.id = l.account_id left join member m on m.id = l.member_id
where l.token_hash = $1 and l.ended_us is null and l.expires_us > $2 and a.status = 'active'
    and (l.member_id is null or m.status = 'active');

-- name: use_link
-- Uses a link up; nothing comes back when somebody was quicker or it has ended.
update access_link set ended_us = $2, outcome = 'used'
where token_hash = $1 and ended_us is null and expires_us > $2
returning id;

-- name: revoke
-- Ends an open invitation of the account.
update access_link set ended_us = $3, outcome = 'revoked'
where id = $1 and account_id = $2 and kind = 'invite' and ended_us is null
returning label, role;

-- name: end_links_of
-- Ends the open links of one member: only the newest works, and none after removal.
update access_link set ended_us = $2, outcome = 'revoked' where member_id = $1 and ended_us is null;

-- name: end_links_of_account
-- Ends the open links to an account that is closed.
update access_link set ended_us = $2, outcome = 'revoked' where account_id = $1 and ended_us is null;

-- name: end_links_by
-- Ends the open links that a member made, so that nobody who may not manage any more comes back by one.
update access_link set ended_us = $2, outcome = 'revoked' where made_by = $1 and ended_us is null;

-- name: open_invitations
-- Invitations that can still be used at $2, the newest first.
select l.id, l.role, l.label, l.created_us, l.expires_us, m.full_name as made_by_name
from access_link l left join member m on m.id = l.made_by
where l.account_id = $1 and l.kind = 'invite' and l.ended_us is null and l.expires_us > $2
order by l.id desc;

-- name: count_open
-- How many invitations of an account can still be used.
select count(*) as open from access_link
where account_id = $1 and kind = 'invite' and ended_us is null and expires_us > $2;

-- name: drop_old_links
-- Links that ended long ago ($1) are forgotten; the audit log keeps what was done.
delete from access_link where expires_us < $1;

-- name: members
-- The active members of an account; whether sign-in is locked at $2 and a second step is on.
select m.id, m.user_name, m.email, m.full_name, m.role, m.created_us, m.last_login_us,
    m.locked_until_us > $2 as locked, f.member_id is not null as second_step
from member m left join second_factor f on f.member_id = m.id and f.confirmed_us is not null
where m.account_id = $1 and m.status = 'active'
order by m.id
limit $3;

-- name: member
-- One active member with the kind of the account.
select m.id, m.account_id, m.user_name, m.email, m.full_name, m.role, m.epoch, a.kind as account_kind
from member m join account a on a.id = m.account_id
where m.id = $1 and m.status = 'active';

-- name: count_members
-- Active members of an account.
select count(*) as members from member where account_id = $1 and status = 'active';

-- name: others_in_charge
-- Active members of the role that manages the account, without one of them.
select count(*) as others from member
where account_id = $1 and role = $2 and status = 'active' and id <> $3;

-- name: set_role
-- Another role, at once: sessions read it anew on every run.
update member set role = $2 where id = $1 and status = 'active';

-- name: remove
-- Takes a member out; user name and address stay taken, so that the records keep their author.
update member set status = 'removed', epoch = epoch + 1 where id = $1;

-- name: force_password
-- A new password without the old one; every session and lock ends.
update member set password_hash = $2, epoch = epoch + 1, failures = 0, locked_until_us = 0
where id = $1 and status = 'active'
returning epoch;

-- name: unlock
-- Sign-in can be tried again.
update member set failures = 0, locked_until_us = 0 where id = $1;
