-- name: by_key
-- The case that was opened with this key.
select id, account_id from support_case where key = $1;

-- name: open_count
-- How many cases of an account are not closed, and how many it opened since $2.
select count(*) filter (where state <> 'closed') as cases, count(*) filter (where created_us >= $2) as recent
from support_case where account_id = $1;

-- name: add
-- A new case.
insert into support_case (id, key, account_id, member_id, about, subject, state, created_us, updated_us)
values ($1, $2, $3, $4, $5, $6, 'open', $7, $7);

-- name: add_entry
-- Something said; a key that was used says it once.
insert into case_entry (id, key, case_id, member_id, by_operator, body, created_us)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (key) do nothing
returning id;

-- name: add_reference
-- What a case is about.
insert into case_reference (case_id, kind, thing_id) values ($1, $2, $3) on conflict do nothing;

-- name: set_state
-- A case is open again, answered or closed.
update support_case set state = $2, updated_us = $3 where id = $1;

-- name: own_task
-- Whether a task belongs to an account.
select id from task where id = $1 and account_id = $2;

-- name: own_messages
-- Those of the messages (ids in $1, from $3 to $4 so that the scan skips the rest) that belong to account $2.
select id from message where account_id = $2 and id >= $3 and id <= $4 and id = any($1);

-- name: of_account
-- The cases of account $1 in a state ($2, empty: all), changed last first, from row $3 on.
select c.id, c.account_id, a.name as account_name, m.full_name as member_name, c.about, c.subject, c.state, c.created_us,
    c.updated_us
from support_case c join account a on a.id = c.account_id join member m on m.id = c.member_id
where c.account_id = $1 and ($2 = '' or c.state = $2)
order by c.updated_us desc, c.id desc limit $4 offset $3;

-- name: of_everybody
-- The cases of every account in a state ($1, empty: all), waiting longest first among the open ones.
select c.id, c.account_id, a.name as account_name, m.full_name as member_name, c.about, c.subject, c.state, c.created_us,
    c.updated_us
from support_case c join account a on a.id = c.account_id join member m on m.id = c.member_id
where $1 = '' or c.state = $1
order by case c.state when 'open' then 0 when 'answered' then 1 else 2 end,
    case when c.state = 'open' then c.updated_us else -c.updated_us end, c.id desc limit $3 offset $2;

-- name: one
-- One case.
select c.id, c.account_id, a.name as account_name, m.full_name as member_name, c.about, c.subject, c.state, c.created_us,
    c.updated_us
from support_case c join account a on a.id = c.account_id join member m on m.id = c.member_id
where c.id = $1;

-- name: entries
-- What was said in a case, oldest first.
select e.id, e.by_operator, e.body, e.created_us, m.full_name as member_name
from case_entry e join member m on m.id = e.member_id
where e.case_id = $1
order by e.id;

-- name: references
-- What a case is about.
select kind, thing_id from case_reference where case_id = $1 order by kind, thing_id;

-- name: message_rows
-- The messages a case is about, with what became of them; $2 bounds of ids let the scan skip the rest.
select m.id, m.task_id, t.name as task_name, m.msisdn, m.country, m.state, m.reason, m.charged_micro, m.created_us
from message m join task t on t.id = m.task_id
where m.id >= $2 and m.id <= $3 and m.id = any($1)
order by m.id;

-- name: task_row
-- The task a case is about.
select id, name, state from task where id = $1;
