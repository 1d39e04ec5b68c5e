-- name: listing
-- Templates of an account whose name or text holds $2 (lower case; empty finds all), by name.
select t.id, t.name, t.content, t.sender, t.route_id, t.sms, t.problem, t.created_us, t.changed_us,
    m.full_name as member_name
from message_template t left join member m on m.id = t.member_id
where t.account_id = $1 and ($2 = '' or strpos(lower(t.name), $2) > 0 or strpos(lower(t.content), $2) > 0)
order by lower(t.name), t.id;

-- name: one
-- One template of an account.
select t.id, t.name, t.content, t.sender, t.route_id, t.sms, t.problem, t.created_us, t.changed_us,
    m.full_name as member_name
from message_template t left join member m on m.id = t.member_id
where t.id = $1 and t.account_id = $2;

-- name: count
-- How many an account has, and whether another one than $3 has the name $2 in any case.
select count(*) as templates, count(*) filter (where lower(name) = lower($2) and id <> $3) as named
from message_template where account_id = $1;

-- name: add
-- A new template.
insert into message_template (id, account_id, name, content, sender, route_id, sms, problem, member_id, created_us,
    changed_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10);

-- name: change
-- Another name or text for a template of the account.
update message_template set name = $3, content = $4, sender = $5, route_id = $6, sms = $7, problem = $8, member_id = $9,
    changed_us = $10
where id = $1 and account_id = $2 returning id;

-- name: remove
-- A template less.
delete from message_template where id = $1 and account_id = $2 returning name;
