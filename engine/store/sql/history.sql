-- part: message_filter
-- Account $3, states $4 to $7, route, country, created from/to, reason, number, ranges, divisor and rest ($8 to $16).
and (cast($3 as bigint) is null or m.account_id = $3)
and (cast($4 as varchar) is null or m.state in ($4, $5, $6, $7))
and (cast($8 as bigint) is null or m.route_id = $8)
and (cast($9 as varchar) is null or m.country = $9)
and m.created_us >= $10 and m.created_us < $11
and (cast($12 as varchar) is null or m.reason = $12 or (m.reason is null and $12 = case m.state
     when 'failed' then 'undeliverable' when 'expired' then 'no_receipt' when 'cancelled' then 'cancelled'
     when 'in_doubt' then 'connection_lost' end))
and (cast($13 as bigint) is null or m.msisdn = $13)
and (cast($14 as bigint[]) is null
     or m.msisdn between (cast($14 as bigint[]))[1] and (cast($14 as bigint[]))[2]
     or m.msisdn between (cast($14 as bigint[]))[3] and (cast($14 as bigint[]))[4]
     or m.msisdn between (cast($14 as bigint[]))[5] and (cast($14 as bigint[]))[6]
     or m.msisdn between (cast($14 as bigint[]))[7] and (cast($14 as bigint[]))[8]
     or m.msisdn between (cast($14 as bigint[]))[9] and (cast($14 as bigint[]))[10]
     or m.msisdn between (cast($14 as bigint[]))[11] and (cast($14 as bigint[]))[12]
     or m.msisdn between (cast($14 as bigint[]))[13] and (cast($14 as bigint[]))[14]
     or m.msisdn between (cast($14 as bigint[]))[15] and (cast($14 as bigint[]))[16]
     or m.msisdn between (cast($14 as bigint[]))[17] and (cast($14 as bigint[]))[18])
and (cast($15 as bigint) is null or m.msisdn % $15 = $16)

-- part: message_row
-- The columns of a page of messages: `found` has their ids, $1 and $2 bound them.
select m.id, m.task_id, m.account_id, m.route_id, m.carrier_id, m.row_number, m.msisdn, m.country, m.content, m.sms,
    m.parts, m.price_micro, m.held_micro, m.charged_micro, m.state, m.reason, m.detail, m.late_state, m.late_us,
    m.created_us, m.submitted_us, m.final_us, coalesce(m.content, t.content) as text, t.name as task_name, t.sender,
    r.name as route_name, a.name as account_name
from found as f
join message as m on m.id = f.id
join task as t on t.id = m.task_id
join route as r on r.id = m.route_id
join account as a on a.id = m.account_id
where m.id >= $1 and m.id < $2

-- part: chosen_tasks
-- Tasks with messages from $1 to below $2: account, name, due from/to, sender, member, quarter hours.
with chosen as (
    select t.id from task as t
    where t.first_message < $2 and t.first_message + t.recipients > $1
      and (cast($3 as bigint) is null or t.account_id = $3)
      and ($18 = '' or strpos(lower(t.name), lower($18)) > 0)
      and t.due_us >= $19 and t.due_us < $20
      and (cast($21 as varchar) is null or t.sender = $21)
      and (cast($22 as bigint) is null or t.member_id = $22)
      and (cast($23 as bigint[]) is null
           or t.due_us - t.due_us % 900000000 in (select unnest(cast($23 as bigint[]))))
), found as (

-- part: ids_of_chosen
-- Messages of those tasks.
select m.id from message as m
where m.id >= $1 and m.id < $2
  and m.task_id in (select id from chosen)

-- part: matching
-- How many messages of a task a counter ($12) says may match.
with candidate as (
    select t.id, t.first_message, t.first_message + t.recipients as beyond,
        case $12
            when 'delivered' then t.delivered when 'failed' then t.failed when 'expired' then t.expired
            when 'cancelled' then t.cancelled when 'undelivered' then t.failed + t.expired
            when 'open' then t.recipients - t.delivered - t.failed - t.expired - t.cancelled
            else t.recipients
        end as matching
    from task as t

-- part: window_filter
-- Account, task, name, route, due from/to, created from/to ($1 to $8).
where (cast($1 as bigint) is null or t.account_id = $1)
  and (cast($2 as bigint) is null or t.id = $2)
  and ($3 = '' or strpos(lower(t.name), lower($3)) > 0)
  and (cast($4 as bigint) is null or t.route_id = $4)
  and t.due_us >= $5 and t.due_us < $6
  and t.created_us >= $7 and t.created_us < $8

-- part: task_people
-- Sender and member.
and (cast($10 as varchar) is null or t.sender = $10)
and (cast($11 as bigint) is null or t.member_id = $11)

-- part: task_filter
-- Account, task, due from/to, state, route, name ($1 to $7), sender, member ($10, $11).
where (cast($1 as bigint) is null or t.account_id = $1)
  and (cast($2 as bigint) is null or t.id = $2)
  and t.due_us >= $3 and t.due_us < $4
  and (cast($5 as varchar) is null or t.state = $5
       or ($5 = 'paused' and t.paused_us is not null and t.state in ('scheduled', 'queued', 'sending')))
  and (cast($6 as bigint) is null or t.route_id = $6)
  and ($7 = '' or strpos(lower(t.name), lower($7)) > 0)

-- part: task_row
-- The columns of a page of tasks.
select p.*, p.delivered + p.failed + p.expired + p.cancelled as settled,
    r.name as route_name, coalesce(m.full_name, '') as member_name, coalesce(m.role, '') as member_role,
    a.name as account_name, a.status as account_status
from page as p
join route as r on r.id = p.route_id
join account as a on a.id = p.account_id
left join member as m on m.id = p.member_id

-- part: dispatch_filter
-- Account, task, started from/to, state, route ($1 to $6).
where (cast($1 as bigint) is null or d.account_id = $1)
  and (cast($2 as bigint) is null or d.task_id = $2)
  and d.started_us >= $3 and d.started_us < $4
  and (cast($5 as varchar) is null or d.state = $5)
  and (cast($6 as bigint) is null or d.route_id = $6)

-- part: dispatch_row
-- The columns of a page of dispatches.
select p.*, p.finished_us - p.started_us as duration_us, t.name as task_name, r.name as route_name,
    a.name as account_name
from page as p
join task as t on t.id = p.task_id
join route as r on r.id = p.route_id
join account as a on a.id = p.account_id

-- part: movement_filter
-- Account, task, created from/to, kind, last id seen, member.
select l.* from ledger_tx as l
where (cast($1 as bigint) is null or l.account_id = $1)
  and (cast($2 as bigint) is null or l.task_id = $2)
  and l.created_us >= $3 and l.created_us < $4
  and (cast($5 as varchar) is null or l.kind = $5)
  and l.id < $6
  and (cast($8 as bigint) is null or l.member_id = $8)

-- part: movement_row
-- The columns of a page of movements, with what each changed.
), moved as (
    select tx_id,
        cast(sum(case when bucket = 'available' then amount_micro else 0 end) as bigint) as available_micro,
        cast(sum(case when bucket = 'held' then amount_micro else 0 end) as bigint) as held_micro
    from ledger_entry
    where tx_id in (select id from page) and bucket in ('available', 'held') group by tx_id
)
select p.*, coalesce(e.available_micro, 0) as available_change_micro, coalesce(e.held_micro, 0) as held_change_micro,
    t.name as task_name, coalesce(m.full_name, '') as member_name, coalesce(m.role, '') as member_role,
    a.name as account_name
from page as p
join account as a on a.id = p.account_id
left join moved as e on e.tx_id = p.id
left join task as t on t.id = p.task_id
left join member as m on m.id = p.member_id

-- name: account
-- Whether there is such an account.
select id from account where id = $1;

-- name: account_name
-- What an account is called.
select name from account where id = $1;

-- name: balance
-- What an account has.
select available_micro, held_micro from account_balance where account_id = $1;

-- name: newest_movement
-- The newest movement of an account.
select id from ledger_tx where account_id = $1 order by id desc limit 1;

-- name: tasks
-- A page of tasks, newest first: account, task, due from/to, state, route, name, last id seen, rows, sender, member.
with page as (
    select t.* from task as t
    {history.task_filter}
      and t.id < $8
      {history.task_people}
    order by t.id desc limit $9
)
{history.task_row}
order by p.id desc;

-- name: live
-- What moves while a task is sent.
select t.id, t.state, t.recipients, t.submitted, t.delivered, t.failed, t.expired, t.cancelled, t.in_doubt,
    t.delivered + t.failed + t.expired + t.cancelled as settled, t.held_micro, t.charged_micro, t.returned_micro,
    t.cancel_requested, t.stop_reason, t.paused_us, t.due_us, t.started_us, t.finished_us, a.status as account_status
from task as t join account as a on a.id = t.account_id
where t.id = $1 and (cast($2 as bigint) is null or t.account_id = $2);

-- name: countries_of_task
-- The accepted quote of a task, a line a country, with what became of it.
select * from task_country where task_id = $1 order by recipients desc, country;

-- name: reasons_of_task
-- Why messages of one task (ids $1 up to $2) did not arrive.
select state, reason, count(*) as messages from message
where id >= $1 and id < $2 and state in ('failed', 'expired', 'cancelled', 'in_doubt')
group by state, reason;

-- name: dispatches
-- A page of dispatches, newest first: account, task, started from/to, state, route, last id seen, rows.
with page as (
    select d.* from dispatch as d
    {history.dispatch_filter}
      and d.id < $7
    order by d.id desc limit $8
)
{history.dispatch_row}
order by p.id desc;

-- name: window
-- Ids between which the newest messages lie that may match, told by the counters of tasks instead of the messages:
-- account, task, name, route, due from/to, created from/to, first message seen, sender, member, counter, tasks, wanted.
{history.matching}
    {history.window_filter}
      and t.first_message < $9
      {history.task_people}
), newest as (
    select * from candidate where matching > 0 order by id desc limit $13
), counted as (
    select *, sum(case when beyond > $9 then 0 else matching end) over (order by id desc) as upto from newest
)
select min(first_message) as low, least(max(beyond), $9) as high from counted
where beyond > $9 or upto - matching < $14;

-- name: span
-- As `window`, of all tasks that may have a match ($1 to $11).
select min(t.first_message) as low, least(max(t.first_message + t.recipients), $9) as high
from task as t
{history.window_filter}
  and t.first_message < $9
  {history.task_people};

-- name: messages
-- A page of messages, newest first. Within ids from/below: account, four states, route, country, created from/to,
-- reason, number, ranges of numbers, divisor and rest of a number's end, rows.
with found as (
    select m.id, m.task_id, m.account_id, m.route_id, m.carrier_id, m.row_number, m.msisdn, m.country, m.content, m.sms,
        m.parts, m.price_micro, m.held_micro, m.charged_micro, m.state, m.reason, m.detail, m.late_state, m.late_us,
        m.created_us, m.submitted_us, m.final_us
    from message as m
    where m.id >= $1 and m.id < $2
      {history.message_filter}
    order by m.id desc limit $17
)
select f.*, coalesce(f.content, t.content) as text, t.name as task_name, t.sender, r.name as route_name,
    a.name as account_name
from found as f
join task as t on t.id = f.task_id
join route as r on r.id = f.route_id
join account as a on a.id = f.account_id
order by f.id desc;

-- name: messages_of_tasks
-- As `messages`, of tasks by name and due from/to ($18 to $20), sender ID, member and quarter hours in which they were
-- due ($21 to $23); ids first, as all columns would be carried through the join.
{history.chosen_tasks}
    {history.ids_of_chosen}
      {history.message_filter}
    order by m.id desc limit $17
)
{history.message_row}
order by m.id desc;

-- name: due_quarters
-- The quarter hours in which tasks of account $1 were due, from $2 to before $3.
select distinct due_us - due_us % 900000000 as quarter_us from task
where (cast($1 as bigint) is null or account_id = $1) and due_us >= $2 and due_us < $3;

-- name: message
-- One message with what it shares with its task.
select m.*, coalesce(m.content, t.content) as text, t.name as task_name, t.sender, t.hold_tx, t.due_us,
    t.count_rule, t.charge_on, t.zone, r.name as route_name, a.name as account_name
from message as m
join task as t on t.id = m.task_id
join route as r on r.id = m.route_id
join account as a on a.id = m.account_id
where m.id = $1 and (cast($2 as bigint) is null or m.account_id = $2);

-- name: code_meanings
-- What operators' own codes mean on some routes, in the words of customers.
select route_id, code, meaning from route_code where route_id = any(cast($1 as bigint[])) and meaning <> '';

-- name: route_names
-- What routes are called, and whether customers can choose them.
select id, name, enabled from route;

-- name: movements_by_id
-- The hold ($1) and the settlement ($2) of a message.
select id, kind, amount_micro, created_us from ledger_tx where id in ($1, $2) order by id;

-- name: movements
-- A page of credit movements, newest first: account, task, created from/to, kind, last id seen, rows, member.
with page as (
    {history.movement_filter}
    order by l.id desc limit $7
{history.movement_row}
order by p.id desc;

-- name: movements_about
-- As `movements`, with a text ($9) in the note or the name of the task.
with page as (
    {history.movement_filter}
      and (strpos(lower(l.note), lower($9)) > 0 or l.task_id in (
          select t.id from task as t
          where (cast($1 as bigint) is null or t.account_id = $1) and strpos(lower(t.name), lower($9)) > 0))
    order by l.id desc limit $7
{history.movement_row}
order by p.id desc;

-- name: opening
-- What account $1 had before its first movement at or after $2. Bounds are ids: clocks may step back, ids do not.
select available_after_micro as available_micro, held_after_micro as held_micro from ledger_tx
where account_id = $1 and id < coalesce(
    (select min(id) from ledger_tx where account_id = $1 and created_us >= $2), 9223372036854775807)
order by id desc limit 1;

-- name: statement
-- Movements of account $1 from its first one at or after $2 to before its first one at or after $3, oldest first.
with page as (
    select l.* from ledger_tx as l
    where l.account_id = $1
      and l.id >= coalesce(
          (select min(id) from ledger_tx where account_id = $1 and created_us >= $2), 9223372036854775807)
      and l.id < coalesce(
          (select min(id) from ledger_tx where account_id = $1 and created_us >= $3), 9223372036854775807)
    order by l.id limit $4
{history.movement_row}
order by p.id;

-- name: statement_totals
-- What `statement` adds up to, by kind, without its rows.
with page as (
    select id, kind from ledger_tx
    where account_id = $1
      and id >= coalesce(
          (select min(id) from ledger_tx where account_id = $1 and created_us >= $2), 9223372036854775807)
      and id < coalesce(
          (select min(id) from ledger_tx where account_id = $1 and created_us >= $3), 9223372036854775807)
), moved as (
    select tx_id,
        sum(case when bucket = 'available' then amount_micro else 0 end) as available_micro,
        sum(case when bucket = 'held' then amount_micro else 0 end) as held_micro
    from ledger_entry where account_id = $1 and bucket in ('available', 'held') group by tx_id
)
select p.kind, count(*) as movements, cast(coalesce(sum(e.available_micro), 0) as bigint) as available_change_micro,
    cast(coalesce(sum(e.held_micro), 0) as bigint) as held_change_micro
from page as p left join moved as e on e.tx_id = p.id
group by p.kind;
