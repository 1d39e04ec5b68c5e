-- name: tasks
-- A page of tasks in the order of a key, the largest first: as `history.tasks`, then country, order, last key seen.
with keyed as (
    select t.*, case $13
            when 'oldest' then -t.id when 'recipients' then t.recipients when 'held' then t.held_micro
            when 'charged' then t.charged_micro when 'failed' then t.failed + t.expired else t.id
        end as sort_key
    from task as t
    where (cast($1 as bigint) is null or t.account_id = $1)
      and (cast($2 as bigint) is null or t.id = $2)
      and t.due_us >= $3 and t.due_us < $4
      and (cast($5 as varchar) is null or t.state = $5
           or ($5 = 'paused' and t.paused_us is not null and t.state in ('scheduled', 'queued', 'sending')))
      and (cast($6 as bigint) is null or t.route_id = $6)
      and ($7 = '' or strpos(lower(t.name), lower($7)) > 0)
      and (cast($10 as varchar) is null or t.sender = $10)
      and (cast($11 as bigint) is null or t.member_id = $11)
      and (cast($12 as varchar) is null or t.id in (select c.task_id from task_country as c where c.country = $12))
), page as (
    select * from keyed where sort_key < $14 or (sort_key = $14 and id < $8)
    order by sort_key desc, id desc limit $9
)
select p.*, p.delivered + p.failed + p.expired + p.cancelled as settled,
    r.name as route_name, coalesce(m.full_name, '') as member_name, coalesce(m.role, '') as member_role,
    a.name as account_name, a.status as account_status
from page as p
join route as r on r.id = p.route_id
join account as a on a.id = p.account_id
left join member as m on m.id = p.member_id
order by p.sort_key desc, p.id desc;

-- name: dispatches
-- As `history.dispatches`, in the order of a key, of tasks by name, sender and member, then order, last key seen.
with keyed as (
    select d.*, case $12
            when 'oldest' then -d.id when 'recipients' then d.messages when 'held' then d.held_micro
            when 'charged' then d.charged_micro when 'failed' then d.failed else d.id
        end as sort_key
    from dispatch as d
    where (cast($1 as bigint) is null or d.account_id = $1)
      and (cast($2 as bigint) is null or d.task_id = $2)
      and d.started_us >= $3 and d.started_us < $4
      and (cast($5 as varchar) is null or d.state = $5)
      and (cast($6 as bigint) is null or d.route_id = $6)
      and d.task_id in (
          select t.id from task as t
          where (cast($1 as bigint) is null or t.account_id = $1)
            and ($9 = '' or strpos(lower(t.name), lower($9)) > 0)
            and (cast($10 as varchar) is null or t.sender = $10)
            and (cast($11 as bigint) is null or t.member_id = $11))
), page as (
    select * from keyed where sort_key < $13 or (sort_key = $13 and id < $7)
    order by sort_key desc, id desc limit $8
)
select p.*, p.finished_us - p.started_us as duration_us, t.name as task_name, r.name as route_name,
    a.name as account_name
from page as p
join task as t on t.id = p.task_id
join route as r on r.id = p.route_id
join account as a on a.id = p.account_id
order by p.sort_key desc, p.id desc;

-- name: columns
-- The columns a member chose for a page.
select columns from column_choice where member_id = $1 and page = $2;

-- name: choose_columns
-- Another choice of columns.
insert into column_choice (member_id, page, columns) values ($1, $2, $3)
on conflict (member_id, page) do update set columns = excluded.columns;

-- name: all_columns
-- No choice: every column.
delete from column_choice where member_id = $1 and page = $2;

-- name: oldest_window
-- As `history.window`, of the oldest messages above the last id seen ($9).
with candidate as (
    select t.id, t.first_message, t.first_message + t.recipients as beyond,
        case $12
            when 'delivered' then t.delivered when 'failed' then t.failed when 'expired' then t.expired
            when 'cancelled' then t.cancelled when 'undelivered' then t.failed + t.expired
            when 'open' then t.recipients - t.delivered - t.failed - t.expired - t.cancelled
            else t.recipients
        end as matching
    from task as t
    where (cast($1 as bigint) is null or t.account_id = $1)
      and (cast($2 as bigint) is null or t.id = $2)
      and ($3 = '' or strpos(lower(t.name), lower($3)) > 0)
      and (cast($4 as bigint) is null or t.route_id = $4)
      and t.due_us >= $5 and t.due_us < $6
      and t.created_us >= $7 and t.created_us < $8
      and t.first_message + t.recipients > $9 + 1
      and (cast($10 as varchar) is null or t.sender = $10)
      and (cast($11 as bigint) is null or t.member_id = $11)
), oldest as (
    select * from candidate where matching > 0 order by id limit $13
), counted as (
    select *, sum(case when first_message <= $9 then 0 else matching end) over (order by id) as upto from oldest
)
select greatest(min(first_message), $9 + 1) as low, max(beyond) as high from counted
where first_message <= $9 or upto - matching < $14;

-- name: oldest_span
-- As `oldest_window`, of all tasks that may have a match ($1 to $11).
select greatest(min(t.first_message), $9 + 1) as low, max(t.first_message + t.recipients) as high
from task as t
where (cast($1 as bigint) is null or t.account_id = $1)
  and (cast($2 as bigint) is null or t.id = $2)
  and ($3 = '' or strpos(lower(t.name), lower($3)) > 0)
  and (cast($4 as bigint) is null or t.route_id = $4)
  and t.due_us >= $5 and t.due_us < $6
  and t.created_us >= $7 and t.created_us < $8
  and t.first_message + t.recipients > $9 + 1
  and (cast($10 as varchar) is null or t.sender = $10)
  and (cast($11 as bigint) is null or t.member_id = $11);

-- name: oldest_messages
-- As `history.messages_of_tasks`, oldest first.
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
    select m.id from message as m
    where m.id >= $1 and m.id < $2
      and m.task_id in (select id from chosen)
      and (cast($3 as bigint) is null or m.account_id = $3)
      and (cast($4 as varchar) is null or m.state in ($4, $5, $6, $7))
      and (cast($8 as bigint) is null or m.route_id = $8)
      and (cast($9 as varchar) is null or m.country = $9)
      and m.created_us >= $10 and m.created_us < $11
      and (cast($12 as varchar) is null or m.reason = $12)
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
    order by m.id limit $17
)
select m.id, m.task_id, m.account_id, m.route_id, m.row_number, m.msisdn, m.country, m.content, m.sms, m.parts,
    m.price_micro, m.held_micro, m.charged_micro, m.state, m.reason, m.late_state, m.late_us, m.created_us,
    m.submitted_us, m.final_us, coalesce(m.content, t.content) as text, t.name as task_name, t.sender,
    r.name as route_name, a.name as account_name
from found as f
join message as m on m.id = f.id
join task as t on t.id = m.task_id
join route as r on r.id = m.route_id
join account as a on a.id = m.account_id
where m.id >= $1 and m.id < $2
order by m.id;

-- name: sample
-- Some messages of one task (ids $1 up to $2), spread over it.
select msisdn, country, content, submitted_us from message
where id >= $1 and id < $2
  and (id - $1) % greatest(cast(ceil(($2 - $1) / cast($3 as double precision)) as bigint), 1) = 0
order by id;
