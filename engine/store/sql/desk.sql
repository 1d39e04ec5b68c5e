-- name: find
-- Customer accounts below the id $3: text $1 (lower case; empty finds all) in name, owner or address, or id $2.
select a.id, a.name, a.kind, a.status, a.zone, a.created_us, b.available_micro, b.held_micro,
    o.full_name as owner_name, o.user_name as owner_user_name, o.email as owner_email,
    o.last_login_us as owner_last_login_us, l.account_id is not null as limited
from account a
join account_balance b on b.account_id = a.id
left join account_limit l on l.account_id = a.id
left join lateral (
    select m.full_name, m.user_name, m.email, m.last_login_us from member m
    where m.account_id = a.id and m.role = 'owner' and m.status = 'active' order by m.id limit 1
) o on true
where a.kind = 'customer' and a.id < $3 and (cast($4 as varchar) is null or a.status = $4)
    and ($1 = '' or a.id = $2 or strpos(lower(a.name), $1) > 0
    or exists (
        select 1 from member m
        where m.account_id = a.id and (strpos(m.user_name, $1) > 0 or strpos(m.email, $1) > 0)
    ))
order by a.id desc
limit $5;

-- name: customer
-- A customer account.
select id, name, status, zone from account where id = $1 and kind = 'customer';

-- name: counts
-- Customer accounts by status.
select status, count(*) as accounts from account where kind = 'customer' group by status;

-- name: limit
-- What an account may do at most; no row: everything.
select * from account_limit where account_id = $1;

-- name: put_limit
-- Writes the limits of an account.
insert into account_limit (account_id, most_recipients, most_sms_a_day, most_task_micro, routes, countries, changed_us)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account_id) do update set most_recipients = excluded.most_recipients,
    most_sms_a_day = excluded.most_sms_a_day, most_task_micro = excluded.most_task_micro, routes = excluded.routes,
    countries = excluded.countries, changed_us = excluded.changed_us;

-- name: drop_limit
-- No limits any more.
delete from account_limit where account_id = $1;

-- name: sms_since
-- SMS that an account accepted since $2.
select coalesce(sum(sms), 0)::bigint as sms from task where account_id = $1 and created_us >= $2;

-- name: sender
-- A sender ID ($2 in lower case) of an account.
select * from sender_id where account_id = $1 and sender_key = $2;

-- name: sender_by_id
-- One request.
select * from sender_id where id = $1;

-- name: senders
-- Sender IDs of an account (null: of all) in a state (null: any), open requests first, then the newest.
select s.id, s.account_id, s.sender, s.state, s.reason, s.created_us, s.decided_us, a.name as account_name,
    m.full_name as asked_by_name
from sender_id s join account a on a.id = s.account_id left join member m on m.id = s.asked_by
where (cast($1 as bigint) is null or s.account_id = $1) and (cast($2 as varchar) is null or s.state = $2)
order by case s.state when 'requested' then 0 else 1 end, s.id desc
limit $3;

-- name: count_senders
-- How many sender IDs an account has asked for.
select count(*) as senders from sender_id where account_id = $1;

-- name: add_sender
-- A request, or what staff entered.
insert into sender_id (id, account_id, sender, sender_key, state, reason, asked_by, decided_by, created_us, decided_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: decide_sender
-- What became of a request.
update sender_id set state = $2, reason = $3, decided_by = $4, decided_us = $5 where id = $1;

-- name: ask_again
-- A rejected sender ID is asked for once more.
update sender_id set state = 'requested', reason = $2, asked_by = $3, created_us = $4, decided_by = null,
    decided_us = null
where id = $1;

-- name: audit
-- Lines of the audit log below the id $1, newest first; nulls ask for everything. $6: lower-case part of the text.
select u.id, u.created_us, u.account_id, u.member_id, u.action, u.subject, u.detail, m.full_name as member_name,
    m.user_name, m.role as member_role, a.name as account_name
from audit u left join member m on m.id = u.member_id left join account a on a.id = u.account_id
where u.id < $1 and (cast($2 as bigint) is null or u.account_id = $2)
    and (cast($3 as bigint) is null or u.member_id = $3) and (cast($4 as varchar) is null or u.action = $4)
    and u.created_us >= $7 and u.created_us < $8 and (not $5 or m.role in ('staff', 'admin'))
    and ($6 = '' or strpos(lower(u.subject), $6) > 0 or strpos(lower(u.detail), $6) > 0
        or strpos(lower(coalesce(m.full_name, '')), $6) > 0 or strpos(coalesce(m.user_name, ''), $6) > 0
        or strpos(lower(coalesce(a.name, '')), $6) > 0)
order by u.id desc
limit $9;

-- name: audit_actions
-- What there is in the audit log.
select distinct action from audit order by action;

-- name: operators
-- The operator's people, former ones too.
select id, full_name, user_name, role from member where role in ('staff', 'admin') order by full_name, id;
