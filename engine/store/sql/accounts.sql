-- name: has_admin
-- Whether the first administrator exists.
select count(*) > 0 as yes from member where role = 'admin' and status = 'active';

-- name: operator_account
-- The account of the operator's own people.
select id from account where kind = 'operator' order by id limit 1;

-- name: add_account
-- A new account.
insert into account (id, name, kind, status, zone, created_us) values ($1, $2, $3, $4, $5, $6);

-- name: add_member
-- A new member; no row comes back when the user name or the address is taken.
insert into member
    (id, account_id, user_name, email, full_name, role, status, password_hash, epoch, failures, locked_until_us,
     created_us)
values ($1, $2, $3, $4, $5, $6, 'active', $7, 1, 0, 0, $8)
on conflict do nothing
returning id;

-- name: taken
-- Which of the two is in use.
select user_name = $1 as user_name, email = $2 as email from member where user_name = $1 or email = $2;

-- name: identify
-- The member behind what was typed as user name or e-mail address.
select m.id, m.account_id, m.user_name, m.email, m.full_name, m.role, m.status, m.password_hash, m.epoch,
    m.locked_until_us, a.status as account_status, a.zone
from member m join account a on a.id = m.account_id
where m.user_name = $1 or m.email = $1;

-- name: member
-- One member with the state of the account.
select m.id, m.account_id, m.user_name, m.email, m.full_name, m.role, m.status, m.password_hash, m.epoch,
    m.locked_until_us, a.status as account_status, a.zone, a.name as account_name
from member m join account a on a.id = m.account_id
where m.id = $1;

-- name: count_failure
-- One more wrong password; the last one allowed ($2) locks until $3 and starts the count again.
update member set
    failures = case when failures + 1 >= $2 then 0 else failures + 1 end,
    locked_until_us = case when failures + 1 >= $2 then $3 else locked_until_us end
where id = $1
returning locked_until_us;

-- name: note_login
-- The password was right; nothing comes back when a lock, a removal or a new password came first.
update member set failures = 0, locked_until_us = 0, last_login_us = $2
where id = $1 and locked_until_us <= $2 and epoch = $3 and status = 'active'
returning id;

-- name: may_continue
-- The password was right and a code is awaited; nothing comes back as with `note_login`, failures are kept.
select id from member where id = $1 and locked_until_us <= $2 and epoch = $3 and status = 'active';

-- name: add_ticket
-- Proof of a checked password.
insert into login_ticket (ticket_hash, member_id, expires_us) values ($1, $2, $3);

-- name: take_ticket
-- Uses a ticket up.
delete from login_ticket where ticket_hash = $1 returning member_id, expires_us;

-- name: drop_old_tickets
-- Tickets nobody redeemed.
delete from login_ticket where expires_us <= $1;

-- name: drop_tickets_of
-- A new password makes open tickets void.
delete from login_ticket where member_id = $1;

-- name: add_session
-- A signed-in browser.
insert into session (token_hash, member_id, epoch, created_us, seen_us, expires_us, agent)
values ($1, $2, $3, $4, $4, $5, $6);

-- name: session
-- Who a token belongs to: not expired ($2), seen since $3, same epoch, member and account active.
select m.id, m.account_id, m.full_name, m.role, coalesce(z.zone, a.zone) as zone, s.seen_us,
    f.member_id is not null as second_step
from session s join member m on m.id = s.member_id join account a on a.id = m.account_id
left join member_zone z on z.member_id = m.id
left join second_factor f on f.member_id = m.id and f.confirmed_us is not null
where s.token_hash = $1 and s.expires_us > $2 and s.seen_us > $3 and s.epoch = m.epoch
    and m.status = 'active' and a.status = 'active';

-- name: touch_session
-- The session is in use.
update session set seen_us = $2 where token_hash = $1;

-- name: drop_session
-- Signs out.
delete from session where token_hash = $1 returning member_id;

-- name: drop_session_of
-- Ends a session of the member who asks.
delete from session where token_hash = $1 and member_id = $2 returning member_id;

-- name: drop_old_sessions
-- Sessions past their end ($1) or unused since $2.
delete from session where expires_us <= $1 or seen_us <= $2;

-- name: drop_other_sessions
-- Every session of a member but one.
delete from session where member_id = $1 and token_hash <> $2;

-- name: drop_account_sessions
-- Every session of an account.
delete from session where member_id in (select id from member where account_id = $1);

-- name: keep_session
-- Carries the one session over to the new epoch.
update session set epoch = $3 where token_hash = $1 and member_id = $2;

-- name: sessions
-- The member's open sessions, the newest use first.
select s.token_hash, s.created_us, s.seen_us, s.expires_us, s.agent
from session s join member m on m.id = s.member_id
where s.member_id = $1 and s.epoch = m.epoch and s.expires_us > $2 and s.seen_us > $3
order by s.seen_us desc, s.created_us desc;

-- name: set_password
-- A new password; no row comes back when another change came first.
update member set password_hash = $2, epoch = epoch + 1, failures = 0, locked_until_us = 0
where id = $1 and epoch = $3
returning epoch;

-- name: find
-- Accounts whose name, owner or address holds the text $1 (lower case; empty finds all), newest first.
select a.id, a.name, a.kind, a.status, a.zone, a.created_us, b.available_micro, b.held_micro,
    o.full_name as owner_name, o.user_name as owner_user_name, o.email as owner_email,
    o.last_login_us as owner_last_login_us
from account a
join account_balance b on b.account_id = a.id
left join lateral (
    select m.full_name, m.user_name, m.email, m.last_login_us from member m
    where m.account_id = a.id and m.role = 'owner' and m.status = 'active' order by m.id limit 1
) o on true
where a.kind = 'customer' and ($1 = '' or strpos(lower(a.name), $1) > 0
    or exists (
        select 1 from member m
        where m.account_id = a.id and (strpos(m.user_name, $1) > 0 or strpos(m.email, $1) > 0)
    ))
order by a.id desc
limit $2;

-- name: one
-- One account with its owner and balance.
select a.id, a.name, a.kind, a.status, a.zone, a.created_us, b.available_micro, b.held_micro,
    o.full_name as owner_name, o.user_name as owner_user_name, o.email as owner_email,
    o.last_login_us as owner_last_login_us
from account a
join account_balance b on b.account_id = a.id
left join lateral (
    select m.full_name, m.user_name, m.email, m.last_login_us from member m
    where m.account_id = a.id and m.role = 'owner' and m.status = 'active' order by m.id limit 1
) o on true
where a.id = $1;

-- name: set_status
-- Opens or closes a customer account; operators cannot lock themselves out.
update account set status = $2 where id = $1 and kind = 'customer' returning name;

-- name: add_audit
-- One line of the audit log; lines are never changed.
insert into audit (id, created_us, member_id, account_id, action, subject, detail)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: audit
-- Newest first; $1 null reads every account, $2 null begins at the newest, else below that id.
select u.id, u.created_us, u.account_id, u.action, u.subject, u.detail, m.full_name as member_name,
    a.name as account_name
from audit u left join member m on m.id = u.member_id left join account a on a.id = u.account_id
where (cast($1 as bigint) is null or u.account_id = $1) and (cast($2 as bigint) is null or u.id < $2)
order by u.id desc
limit $3;

-- name: count_attempt
-- One more within the hour $3; nothing comes back once $4 are reached.
insert into attempt (name, subject, window_us, hits) values ($1, $2, $3, 1)
on conflict (name, subject, window_us) do update set hits = attempt.hits + 1 where attempt.hits < $4
returning hits;

-- name: drop_old_attempts
-- Hours before $1.
delete from attempt where window_us < $1;

-- name: name
-- What an account is called.
select name from account where id = $1;
