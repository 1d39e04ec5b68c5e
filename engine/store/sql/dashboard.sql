-- name: headline
-- The four figures of tasks of account $1 due from $3 to $4, and of the period before, from $2 to $3.
select
    cast(coalesce(sum(case when due_us >= $3 then charged_micro end), 0) as bigint) as charged_micro,
    count(case when due_us >= $3 then 1 end) as tasks,
    cast(coalesce(sum(case when due_us >= $3 then delivered end), 0) as bigint) as delivered,
    cast(coalesce(sum(case when due_us >= $3 then failed + expired end), 0) as bigint) as failed,
    cast(coalesce(sum(case when due_us < $3 then charged_micro end), 0) as bigint) as charged_before_micro,
    count(case when due_us < $3 then 1 end) as tasks_before,
    cast(coalesce(sum(case when due_us < $3 then delivered end), 0) as bigint) as delivered_before,
    cast(coalesce(sum(case when due_us < $3 then failed + expired end), 0) as bigint) as failed_before
from task
where (cast($1 as bigint) is null or account_id = $1) and due_us >= $2 and due_us < $4;

-- name: quarters
-- By the quarter hour in which tasks were due: every zone's days begin at one.
select due_us - due_us % 900000000 as quarter_us, count(*) as tasks,
    cast(sum(recipients) as bigint) as recipients, cast(sum(delivered) as bigint) as delivered,
    cast(sum(failed + expired) as bigint) as failed, cast(sum(charged_micro) as bigint) as charged_micro
from task
where (cast($1 as bigint) is null or account_id = $1) and due_us >= $2 and due_us < $3
group by 1 order by 1;

-- name: routes
-- By route, most sent first.
select t.route_id, r.name as route, count(*) as tasks,
    cast(sum(t.recipients) as bigint) as recipients, cast(sum(t.delivered) as bigint) as delivered,
    cast(sum(t.failed + t.expired) as bigint) as failed, cast(sum(t.charged_micro) as bigint) as charged_micro
from task as t join route as r on r.id = t.route_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
group by t.route_id, r.name order by recipients desc, route;

-- name: countries
-- By country, most sent first.
select c.country, cast(sum(c.recipients) as bigint) as recipients, cast(sum(c.sms) as bigint) as sms,
    cast(sum(c.delivered) as bigint) as delivered, cast(sum(c.failed) as bigint) as failed,
    cast(sum(c.charged_micro) as bigint) as charged_micro
from task_country as c join task as t on t.id = c.task_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
group by c.country order by recipients desc, c.country;

-- name: dispatch_quarters
-- By the quarter hour in which a gateway was handed the messages.
select d.started_us - d.started_us % 900000000 as quarter_us,
    cast(sum(d.delivered) as bigint) as delivered, cast(sum(d.failed) as bigint) as failed
from dispatch as d join task as t on t.id = d.task_id
where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
group by 1 order by 1;

-- name: failed_span
-- Ids between which the messages lie that did not arrive; nulls when there are none.
select min(first_message) as low, max(first_message + recipients) as high from task
where (cast($1 as bigint) is null or account_id = $1) and due_us >= $2 and due_us < $3 and failed + expired > 0;

-- name: reasons
-- Why messages with ids from $4 below $5 did not arrive.
select m.state, m.reason, count(*) as messages from message as m
where m.id >= $4 and m.id < $5 and (cast($1 as bigint) is null or m.account_id = $1)
  and m.state in ('failed', 'expired')
  and m.task_id in (
      select t.id from task as t
      where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
        and t.failed + t.expired > 0)
group by m.state, m.reason;

-- name: delivered_span
-- Ids between which the messages lie that arrived; nulls when there are none.
select min(first_message) as low, max(first_message + recipients) as high from task
where (cast($1 as bigint) is null or account_id = $1) and due_us >= $2 and due_us < $3 and delivered > 0;

-- name: delivery_times
-- How many messages with ids from $4 below $5 took at most $6, $7, … microseconds from the gateway to the phone, and all.
select count(case when took_us <= $6 then 1 end) as upto_1, count(case when took_us <= $7 then 1 end) as upto_2,
    count(case when took_us <= $8 then 1 end) as upto_3, count(case when took_us <= $9 then 1 end) as upto_4,
    count(case when took_us <= $10 then 1 end) as upto_5, count(took_us) as upto_6
from (
    select m.final_us - m.submitted_us as took_us from message as m
    where m.id >= $4 and m.id < $5 and (cast($1 as bigint) is null or m.account_id = $1) and m.state = 'delivered'
      and m.task_id in (
          select t.id from task as t
          where (cast($1 as bigint) is null or t.account_id = $1) and t.due_us >= $2 and t.due_us < $3
            and t.delivered > 0)
) as took;
