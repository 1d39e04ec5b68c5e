-- part: wanted
-- Of account $1 (null: of nobody) below id $2: all, unread or of one kind ($3), with digits ($4) in the number or words
-- ($5) in the text (both empty: any).
where account_id is not distinct from cast($1 as bigint) and id < $2
  and ($3 = 'all' or ($3 = 'unread' and unread) or kind = $3)
  and (($4 = '' and $5 = '') or ($4 <> '' and strpos(phone, $4) > 0) or ($5 <> '' and strpos(lower(content), $5) > 0))

-- part: columns
-- What is shown of one.
select i.id, i.account_id, i.route_id, i.phone, i.msisdn, i.recipient, i.content, i.kind, i.unread, i.task_id,
    i.message_id, i.sent_us, i.received_us, r.name as route_name, t.name as task_name, o.source as opted_out
from found as i
left join route as r on r.id = i.route_id
left join task as t on t.id = i.task_id
left join opt_out as o on o.account_id = i.account_id and o.msisdn = i.msisdn

-- name: known
-- Which of these keys ($2) of a route are there already.
select key from inbound where route_id = $1 and key = any($2);

-- name: span
-- Ids between which every message lies that was on its way since $1.
select min(first_message) as low, max(first_message + recipients) as high from task
where started_us is not null and (finished_us is null or finished_us >= $1);

-- name: sent_to
-- The newest message to each number ($1) over a route ($2) since $3, by account and sender; ids from $4 to before $5. One
-- that another route carried came from both: phones answer whom they see. What was refused on the way reached nobody.
with asked as (
    select unnest(cast($1 as bigint[])) as msisdn
)
select distinct on (m.msisdn, m.account_id, t.sender) m.id, m.msisdn, m.account_id, m.task_id, t.sender,
    a.kind = 'operator' as is_operator, coalesce(m.submitted_us, t.started_us, m.created_us) as at_us
from message as m
join asked on asked.msisdn = m.msisdn
join task as t on t.id = m.task_id
join account as a on a.id = m.account_id
where m.id >= $4 and m.id < $5
  and (m.route_id = $2 or m.carrier_id = $2)
  and m.state not in ('queued', 'cancelled') and (m.submitted_us is not null or m.state <> 'failed')
  and coalesce(m.submitted_us, t.started_us, m.created_us) >= $3
order by m.msisdn, m.account_id, t.sender, at_us desc, m.id desc;

-- name: insert
-- Messages that came.
insert into inbound (id, route_id, key, account_id, phone, msisdn, recipient, content, kind, unread, task_id, message_id,
    sent_us, received_us)
select id, route_id, key, account_id, phone, msisdn, recipient, content, kind, unread, task_id, message_id,
    sent_us, received_us
from batch order by id;

-- name: behind
-- Which of these accounts ($1) have one that nobody has read; null stands for the operator.
select distinct account_id from inbound where unread and (account_id is null or account_id = any($1));

-- name: unread
-- How many.
select count(*) as unread from inbound where account_id is not distinct from cast($1 as bigint) and unread;

-- name: page
-- A page, newest first; $6 rows.
with found as (
    select * from inbound
    {inbox.wanted}
    order by id desc limit $6
)
{inbox.columns}
order by i.id desc;

-- name: one
-- One of account $2 (null: of nobody).
with found as (
    select * from inbound where id = $1 and account_id is not distinct from cast($2 as bigint)
)
{inbox.columns};

-- name: of_phone
-- The newest from one phone, newest first.
with found as (
    select * from inbound where account_id is not distinct from cast($1 as bigint) and phone = $2
    order by id desc limit $3
)
{inbox.columns}
order by i.id desc;

-- name: sent_by_account
-- The newest that an account sent to one number, newest first.
select m.id, m.task_id, m.route_id, m.state, coalesce(m.content, t.content) as content, t.name as task_name, t.sender,
    coalesce(m.submitted_us, t.started_us, m.created_us) as at_us
from message as m join task as t on t.id = m.task_id
where m.account_id = $1 and m.msisdn = $2 and m.state not in ('queued', 'cancelled')
order by m.id desc limit $3;

-- name: opt_out
-- Whether a number has opted out of an account's messages, and how.
select source, note, created_us from opt_out where account_id = $1 and msisdn = $2;

-- name: read_phone
-- Everything from one phone has been read.
update inbound set unread = false
where account_id is not distinct from cast($1 as bigint) and phone = $2 and unread;

-- name: read_all
-- Everything up to id $2 has been read.
update inbound set unread = false where account_id is not distinct from cast($1 as bigint) and id <= $2 and unread;

-- name: unread_again
-- One is to be looked at again.
update inbound set unread = true where id = $1 and account_id is not distinct from cast($2 as bigint);

-- name: customer
-- A customer account that messages can be given to.
select id, name from account where id = $1 and kind = 'customer';

-- name: unclaimed
-- What one phone wrote to one address and is nobody's, oldest first.
select id, route_id, phone, msisdn, content, kind from inbound
where account_id is null and phone = $1 and recipient = $2 order by id;

-- name: assign
-- They answer this account ($1).
update inbound set account_id = $1, unread = batch.unread from batch where inbound.id = batch.id;

-- name: open_routes
-- Routes that messages can be sent over.
select id, name, gateway from route where enabled order by name;

-- name: route_name
-- What a route is called.
select name from route where id = $1;

-- name: drop_old
-- Those that came before $1.
delete from inbound where received_us < $1;

-- name: drop_most
-- All but the newest $1 of each account.
delete from inbound where id in (
    select id from (
        select id, row_number() over (partition by account_id order by id desc) as place from inbound
    ) as placed
    where place > $1
);
