-- name: own
-- What a member sees of itself and of the account.
select m.user_name, m.email, m.full_name, m.role, a.name as account_name, a.zone as account_zone,
    z.zone as own_zone, t.threshold_micro
from member m join account a on a.id = m.account_id
left join member_zone z on z.member_id = m.id left join account_alert t on t.account_id = a.id
where m.id = $1 and m.status = 'active';

-- name: address_taken
-- Whether somebody else has the address.
select id from member where email = $1 and id <> $2;

-- name: change
-- Another name or address.
update member set full_name = $2, email = $3 where id = $1 and status = 'active';

-- name: set_member_zone
-- A member's own time zone.
insert into member_zone (member_id, zone) values ($1, $2)
on conflict (member_id) do update set zone = excluded.zone;

-- name: drop_member_zone
-- The member follows the account's time zone again.
delete from member_zone where member_id = $1;

-- name: set_account_zone
-- The account's time zone.
update account set zone = $2 where id = $1;

-- name: set_alert
-- Tell the account when less than this is available; told anew even when it was told before.
insert into account_alert (account_id, threshold_micro, last_told_us) values ($1, $2, null)
on conflict (account_id) do update set threshold_micro = excluded.threshold_micro, last_told_us = null;

-- name: drop_alert
-- Tell no more.
delete from account_alert where account_id = $1;

-- name: any_alert_due
-- Whether some account has fallen below its threshold, or risen above it after it was told.
select t.account_id from account_alert t join account_balance b on b.account_id = t.account_id
where (t.last_told_us is null) = (b.available_micro < t.threshold_micro)
limit 1;

-- name: rearm_alerts
-- Accounts that rose to their threshold will be told again the next time.
update account_alert set last_told_us = null
from account_balance b
where b.account_id = account_alert.account_id and account_alert.last_told_us is not null
    and b.available_micro >= account_alert.threshold_micro;

-- name: low_accounts
-- Accounts below their threshold that were not told yet, at most $1.
select t.account_id, t.threshold_micro, b.available_micro
from account_alert t join account_balance b on b.account_id = t.account_id
where t.last_told_us is null and b.available_micro < t.threshold_micro
order by t.account_id
limit $1;

-- name: told
-- These accounts have been told.
update account_alert set last_told_us = $2 where account_id = any($1::bigint[]);

-- name: usage
-- What account $1 used in each span between two neighbouring instants of $2, by when its tasks were due.
with bound as (
    select start_us, lead(start_us) over (order by start_us) as end_us
    from (select unnest($2::bigint[]) as start_us) as given
)
select b.start_us, count(t.id) as tasks, cast(coalesce(sum(t.charged_micro), 0) as bigint) as charged_micro,
    cast(coalesce(sum(t.delivered), 0) as bigint) as delivered,
    cast(coalesce(sum(t.failed + t.expired), 0) as bigint) as failed
from bound b left join task t on t.account_id = $1 and t.due_us >= b.start_us and t.due_us < b.end_us
where b.end_us is not null
group by b.start_us
order by b.start_us;
