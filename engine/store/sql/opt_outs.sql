-- name: add
-- One opt-out; no row comes back when the number has opted out before.
insert into opt_out (account_id, msisdn, source, note, member_id, created_us) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning msisdn;

-- name: add_many
-- Opt-outs in bulk; what comes back is new.
insert into opt_out (account_id, msisdn, source, note, member_id, created_us)
select $1::bigint, msisdn, $2::varchar, $3::varchar, $4::bigint, $5::bigint from batch
on conflict do nothing returning msisdn;

-- name: remove
-- Takes an opt-out back.
delete from opt_out where account_id = $1 and msisdn = $2 returning source, note, created_us;

-- name: any_of
-- Whether anybody has opted out of an account's messages.
select 1 as yes from opt_out where account_id = $1 limit 1;

-- name: count
-- How many have.
select count(*) as opt_outs from opt_out where account_id = $1;

-- name: numbers
-- All of them, to be compared with a file.
select msisdn from opt_out where account_id = $1;

-- name: of_batch
-- Which numbers of the batch have opted out.
select batch.msisdn from batch join opt_out o on o.msisdn = batch.msisdn where o.account_id = $1;

-- name: page
-- Newest first, after ($2, $3), those whose number holds $4 or whose note holds $5 (both empty: all).
select o.msisdn, o.msisdn as id, o.source, o.note, o.created_us, m.full_name as member_name
from opt_out o left join member m on m.id = o.member_id
where o.account_id = $1 and (o.created_us < $2 or (o.created_us = $2 and o.msisdn > $3))
    and (($4 = '' and $5 = '') or ($4 <> '' and strpos(cast(o.msisdn as varchar), $4) > 0)
        or ($5 <> '' and strpos(lower(o.note), $5) > 0))
order by o.created_us desc, o.msisdn limit $6;

-- name: everything
-- For the export, newest first.
select o.msisdn, o.source, o.note, o.created_us, m.full_name as member_name
from opt_out o left join member m on m.id = o.member_id
where o.account_id = $1 order by o.created_us desc, o.msisdn;

-- name: of_message
-- The number behind a message of an account.
select msisdn from message where id = $1 and account_id = $2;

-- name: task
-- What a dispatch is about to send.
select id, account_id, first_message, recipients from task where id = $1;

-- name: queued
-- Messages of a task in a range of ids that wait, to people who have opted out.
select m.id from message m join opt_out o on o.msisdn = m.msisdn
where o.account_id = $1 and m.task_id = $2 and m.id between $3 and $4 and m.state = 'queued' order by m.id;

-- name: sending
-- Ids between which every message of tasks that are being sent lies.
select min(first_message) as low, max(first_message + recipients) as high from task where state = 'sending';

-- name: waiting
-- What waits in such tasks for people of the batch who opted out; ids from $1 to before $2.
select m.id from message as m
join batch as b on b.account_id = m.account_id and b.msisdn = m.msisdn
join task as t on t.id = m.task_id
where m.id >= $1 and m.id < $2 and m.state = 'queued' and t.state = 'sending' order by m.id;
