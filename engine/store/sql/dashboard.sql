-- name: cells
-- Tasks of account $1 due from $2 to before $4, whether from $3 on (`inside`), by quarter hour (every zone's days begin
-- at one) and route; of one route $5, member $6, sender ID $7.
select t.due_us - t.due_us % 900000000 as quarter_us, t.due_us >= $3 as inside, t.route_id, r.name as route,
    count(*) as tasks, cast(sum(t.recipients) as bigint) as recipients, cast(sum(t.delivered) as bigint) as delivered,
    cast(sum(t.failed + t.expired) as bigint) as failed, cast(sum(t.charged_micro) as bigint) as charged_micro
from task as t join route as r on r.id = t.route_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $4
  and (cast($5 as bigint) is null or t.route_id = $5) and (cast($6 as bigint) is null or t.member_id = $6)
  and (cast($7 as varchar) is null or t.sender = $7)
group by 1, 2, 3, 4;

-- name: cells_to_country
-- As `cells`, of the recipients in country $8.
select t.due_us - t.due_us % 900000000 as quarter_us, t.due_us >= $3 as inside, t.route_id, r.name as route,
    count(*) as tasks, cast(sum(c.recipients) as bigint) as recipients, cast(sum(c.delivered) as bigint) as delivered,
    cast(sum(c.failed) as bigint) as failed, cast(sum(c.charged_micro) as bigint) as charged_micro
from task_country as c join task as t on t.id = c.task_id join route as r on r.id = t.route_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $4
  and (cast($5 as bigint) is null or t.route_id = $5) and (cast($6 as bigint) is null or t.member_id = $6)
  and (cast($7 as varchar) is null or t.sender = $7) and c.country = $8
group by 1, 2, 3, 4;

-- name: countries
-- By country, most sent first: account, due from/to, route, member, sender ID, country.
select c.country, cast(sum(c.recipients) as bigint) as recipients, cast(sum(c.sms) as bigint) as sms,
    cast(sum(c.delivered) as bigint) as delivered, cast(sum(c.failed) as bigint) as failed,
    cast(sum(c.charged_micro) as bigint) as charged_micro
from task_country as c join task as t on t.id = c.task_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
  and (cast($4 as bigint) is null or t.route_id = $4) and (cast($5 as bigint) is null or t.member_id = $5)
  and (cast($6 as varchar) is null or t.sender = $6) and (cast($7 as varchar) is null or c.country = $7)
group by c.country order by recipients desc, c.country;

-- name: failed_span
-- Ids between which the messages lie that did not arrive; nulls when there are none. Parameters as `countries`.
select min(t.first_message) as low, max(t.first_message + t.recipients) as high from task as t
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
  and (cast($4 as bigint) is null or t.route_id = $4) and (cast($5 as bigint) is null or t.member_id = $5)
  and (cast($6 as varchar) is null or t.sender = $6) and t.failed + t.expired > 0;

-- name: reasons
-- Why messages with ids from $8 below $9 did not arrive; the other parameters as `countries`.
select m.state, m.reason, count(*) as messages from message as m
where m.id >= $8 and m.id < $9 and (cast($1 as bigint) is null or m.account_id = $1)
  and m.state in ('failed', 'expired') and (cast($7 as varchar) is null or m.country = $7)
  and m.task_id in (
      select t.id from task as t
      where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
        and (cast($4 as bigint) is null or t.route_id = $4) and (cast($5 as bigint) is null or t.member_id = $5)
        and (cast($6 as varchar) is null or t.sender = $6) and t.failed + t.expired > 0)
group by m.state, m.reason;

-- name: delivered_span
-- Ids between which the messages lie that arrived; nulls when there are none. Parameters as `countries`.
select min(t.first_message) as low, max(t.first_message + t.recipients) as high from task as t
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
  and (cast($4 as bigint) is null or t.route_id = $4) and (cast($5 as bigint) is null or t.member_id = $5)
  and (cast($6 as varchar) is null or t.sender = $6) and t.delivered > 0;

-- name: delivery_times
-- How many messages with ids from $8 below $9 took how long from the gateway to the phone, rounded up to 0.1 s up to
-- 10 s, 1 s up to 2 min, 10 s up to 1 h, 10 min beyond; the other parameters as `countries`.
with took as (
    select greatest(m.final_us - m.submitted_us, 0) as us from message as m
    where m.id >= $8 and m.id < $9 and (cast($1 as bigint) is null or m.account_id = $1) and m.state = 'delivered'
      and m.final_us is not null and m.submitted_us is not null and (cast($7 as varchar) is null or m.country = $7)
      and m.task_id in (
          select t.id from task as t
          where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
            and (cast($4 as bigint) is null or t.route_id = $4) and (cast($5 as bigint) is null or t.member_id = $5)
            and (cast($6 as varchar) is null or t.sender = $6) and t.delivered > 0)
)
select case when us <= 10000000 then us + 99999 - (us + 99999) % 100000
            when us <= 120000000 then us + 999999 - (us + 999999) % 1000000
            when us <= 3600000000 then us + 9999999 - (us + 9999999) % 10000000
            else us + 599999999 - (us + 599999999) % 600000000 end as upto_us, count(*) as messages
from took group by 1 order by 1;

-- name: charged_quarters
-- What account $1 was charged for tasks due from $2 to before $3, by the quarter hour in which they were due.
select due_us - due_us % 900000000 as quarter_us, cast(sum(charged_micro) as bigint) as charged_micro from task
where account_id = $1 and due_us >= $2 and due_us < $3 and charged_micro > 0
group by 1 order by 1;

-- name: first_charge
-- When the first task was due that account $1 was charged for; null when there is none.
select min(due_us) as due_us from task where account_id = $1 and charged_micro > 0;

-- name: used_routes
-- Routes that account $1 has sent over.
select r.id, r.name from route as r
where r.id in (select t.route_id from task as t where cast($1 as bigint) is null or t.account_id = $1)
order by lower(r.name), r.id;

-- name: used_countries
-- Countries that account $1 has sent to.
select distinct c.country from task_country as c
where cast($1 as bigint) is null
   or c.task_id in (select t.id from task as t where t.account_id = $1);

-- name: used_members
-- Members who have submitted tasks of account $1; at most $2.
select m.id, m.full_name, m.role from member as m
where m.id in (select t.member_id from task as t where t.account_id = $1)
order by lower(m.full_name), m.id limit $2;

-- name: used_senders
-- Sender IDs of tasks of account $1, most used first; at most $2.
select t.sender, count(*) as tasks from task as t
where t.account_id = $1 and t.sender is not null and t.sender <> ''
group by t.sender order by tasks desc, t.sender limit $2;
