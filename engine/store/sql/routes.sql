-- name: all
-- Every route, the default first.
select * from route order by is_default desc, id;

-- name: by_id
-- One route.
select * from route where id = $1;

-- name: by_name
-- One route by its name in lower case.
select * from route where lower(name) = $1;

-- name: default_one
-- The route that is used when none is named.
select * from route where is_default;

-- name: clear_default
-- Before another route becomes the default.
update route set is_default = false where is_default;

-- name: insert
-- A new route, open, with its first price version.
insert into route (id, name, gateway, supports_sender, sender_max, charge_on, count_rule, rules, countries, throughput,
    batch, enabled, is_default, price_version, created_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14);

-- name: update
-- Everything an administrator may change.
update route set name = $2, gateway = $3, supports_sender = $4, sender_max = $5, charge_on = $6, count_rule = $7,
    rules = $8, countries = $9, throughput = $10, batch = $11, enabled = $12, is_default = $13, takeover_id = $14,
    takeover_after_s = $15, takeover_below = $16
where id = $1;

-- name: insert_price_version
-- From when the prices of a version are in force.
insert into route_price_version (route_id, version, effective_us, created_us, member_id) values ($1, $2, $3, $4, $5);

-- name: withdraw_version
-- A version that is not in force yet never will be.
update route_price_version set withdrawn_us = $3
where route_id = $1 and version = $2 and withdrawn_us is null and effective_us > $3 returning version;

-- name: prices_at
-- The prices in force at an instant, of one route or of all.
select p.route_id, p.version, p.country, p.price_micro
from (
    select distinct on (route_id) route_id, version from route_price_version
    where withdrawn_us is null and effective_us <= $1 and ($2::bigint is null or route_id = $2)
    order by route_id, effective_us desc, version desc
) as v
join route_price as p on p.route_id = v.route_id and p.version = v.version;

-- name: next_prices
-- When the next planned prices come into force.
select min(effective_us) as at_us from route_price_version where withdrawn_us is null and effective_us > $1;

-- name: versions
-- Every version of a route's prices with who made it, the newest first.
select v.version, v.effective_us, v.created_us, v.withdrawn_us, m.full_name as member_name, p.countries, p.low_micro,
    p.high_micro
from route_price_version as v
join (
    select version, count(*) - 1 as countries, min(price_micro) as low_micro, max(price_micro) as high_micro
    from route_price where route_id = $1 group by version
) as p on p.version = v.version
left join member as m on m.id = v.member_id
where v.route_id = $1 order by v.version desc;

-- name: insert_prices
-- The prices of one version.
insert into route_price (route_id, version, country, price_micro, created_us, member_id)
select $1::bigint, $2::integer, country, price_micro, $3::bigint, $4::bigint from batch;

-- name: prices
-- The prices of one version.
select country, price_micro from route_price where route_id = $1 and version = $2;

-- name: set_price_version
-- How many versions there are.
update route set price_version = $2 where id = $1;

-- name: mark_down
-- Since when and why a route cannot send.
update route set down_since_us = coalesce(down_since_us, $3), last_error = $2 where id = $1;

-- name: mark_up
-- The route sends again.
update route set down_since_us = null where id = $1 and down_since_us is not null;

-- name: forget_down
-- Another gateway: nothing is known of it yet.
update route set down_since_us = null, last_error = null where id = $1;

-- name: take_over
-- Another route sends from now on; no row while one does already, or when none is named.
update route set taken_over_us = $3, taken_over_why = $2
where id = $1 and taken_over_us is null and takeover_id is not null
returning name, takeover_id, taken_over_why;

-- name: give_back
-- The route sends itself again; no row when it did.
update route set taken_over_us = null, taken_over_why = null where id = $1 and taken_over_us is not null returning name;

-- name: health_queues
-- What waits on each route, from the counters of unfinished tasks and the list of awaited receipts.
select t.route_id, sum(t.unsettled - coalesce(o.awaited, 0)) as unsent,
    sum(cast(t.parts * (t.unsettled - coalesce(o.awaited, 0)) / t.recipients as bigint)) as unsent_parts,
    sum(coalesce(o.awaited, 0)) as outstanding, min(o.oldest_us) as oldest_us, sum(t.in_doubt) as in_doubt
from (
    select id, route_id, parts, recipients, in_doubt,
        recipients - delivered - failed - expired - cancelled - in_doubt as unsettled
    from task where state in ('queued', 'sending', 'sent')
) as t
left join (
    select task_id, count(distinct message_id) as awaited, min(submitted_us) as oldest_us from outstanding group by task_id
) as o on o.task_id = t.id
group by t.route_id;

-- name: health_outcomes
-- What became of the dispatches that each route's gateway carried, begun since $1, and of those since $2.
select coalesce(carrier_id, route_id) as route_id, sum(delivered) as day_delivered, sum(failed) as day_failed,
    sum(case when started_us >= $2 then delivered else 0 end) as hour_delivered,
    sum(case when started_us >= $2 then failed else 0 end) as hour_failed
from dispatch where started_us >= $1 group by coalesce(carrier_id, route_id);

-- name: health_sample
-- The newest dispatch with outcomes that each route's gateway carried, begun since $1, with the messages of its task.
select d.route_id, d.id as dispatch_id, t.first_message, t.recipients
from (
    select id, coalesce(carrier_id, route_id) as route_id, task_id,
        row_number() over (partition by coalesce(carrier_id, route_id) order by id desc) as place
    from dispatch where started_us >= $1 and delivered + failed > 0
) as d
join task as t on t.id = d.task_id
where d.place = 1;

-- name: health_delays
-- How long the receipts of one dispatch took; its messages lie in a range of ids, so that all others are skipped. An
-- operator's clock may be behind ours, or tell seconds only: that is no time at all.
select greatest(final_us - submitted_us, 0) as delay_us from message
where id between $1 and $2 and dispatch_id = $3 and state in ('delivered', 'failed') and submitted_us is not null
order by delay_us;

-- name: codes
-- What an operator's own codes mean on one route.
select code, meaning, reason, retry from route_code where route_id = $1;

-- name: code_entries
-- The same for people, with who entered them.
select c.code, c.meaning, c.reason, c.retry, c.changed_us, m.full_name as member_name
from route_code as c left join member as m on m.id = c.member_id
where c.route_id = $1 order by c.code;

-- name: put_codes
-- New entries, and others in the place of those that were there.
insert into route_code (route_id, code, meaning, reason, retry, changed_us, member_id)
select $1::bigint, code, meaning, reason, retry, $2::bigint, $3::bigint from batch
on conflict (route_id, code) do update set meaning = excluded.meaning, reason = excluded.reason,
    retry = excluded.retry, changed_us = excluded.changed_us, member_id = excluded.member_id;

-- name: drop_codes
-- Entries that are not wanted any more.
delete from route_code where route_id = $1 and code in (select code from batch);

-- name: failing_dispatches
-- The newest dispatches with failures that a route's own gateway carried, begun since $2, with their task's messages.
select d.id, t.first_message, t.recipients
from dispatch as d join task as t on t.id = d.task_id
where coalesce(d.carrier_id, d.route_id) = $1 and d.failed > 0 and d.started_us >= $2
order by d.id desc limit $3;

-- name: words_of_dispatch
-- What the operator said of a dispatch's failures, which lie in a range of ids; the most frequent first.
select detail, count(*) as messages, max(final_us) as last_us, min(reason) as reason from message
where id between $1 and $2 and dispatch_id = $3 and state in ('failed', 'expired') and detail is not null
group by detail order by count(*) desc, detail limit $4;
