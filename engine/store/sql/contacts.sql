-- name: lists
-- Lists of an account whose name holds $2 (lower case; empty finds all), by name.
select l.id, l.name, l.columns, l.contacts, l.created_us, l.changed_us, m.full_name as member_name
from contact_list l left join member m on m.id = l.member_id
where l.account_id = $1 and ($2 = '' or strpos(lower(l.name), $2) > 0)
order by lower(l.name), l.id;

-- name: one
-- One list of an account.
select l.id, l.name, l.columns, l.contacts, l.created_us, l.changed_us, m.full_name as member_name
from contact_list l left join member m on m.id = l.member_id
where l.id = $1 and l.account_id = $2;

-- name: count_lists
-- How many lists an account has, and whether another one than $3 has the name $2 in any case.
select count(*) as lists, count(*) filter (where lower(name) = lower($2) and id <> $3) as named
from contact_list where account_id = $1;

-- name: count_all
-- Contacts of all lists of an account.
select cast(coalesce(sum(contacts), 0) as bigint) as contacts from contact_list where account_id = $1;

-- name: add_list
-- A new, empty list.
insert into contact_list (id, account_id, name, columns, contacts, member_id, created_us, changed_us)
values ($1, $2, $3, '[]', 0, $4, $5, $5);

-- name: rename
-- Another name for a list.
update contact_list set name = $3, member_id = $4, changed_us = $5 where id = $1 and account_id = $2 returning id;

-- name: drop_list
-- The list itself; its contacts go in the same transaction.
delete from contact_list where id = $1 and account_id = $2 returning name, contacts;

-- name: drop_contacts
-- Everybody of a list.
delete from contact where list_id = $1;

-- name: touch
-- A list after a change: its columns, how many it holds now, who changed it.
update contact_list set columns = $2, contacts = $3, member_id = $4, changed_us = $5 where id = $1;

-- name: known
-- Contacts of a list that are in the batch.
select c.id, c.msisdn, c.fields from contact c join batch on c.msisdn = batch.msisdn where c.list_id = $1;

-- name: insert
-- New contacts, in the order of the file.
insert into contact (id, list_id, account_id, msisdn, country, kind, fields, created_us)
select id, $1::bigint, $2::bigint, msisdn, country, kind, fields, $3::bigint from batch order by id;

-- name: update_fields
-- Other values for contacts that are in the list already.
update contact set fields = batch.fields from batch where contact.id = batch.id and contact.list_id = $1;

-- name: remove
-- One contact of an account.
delete from contact where id = $1 and account_id = $2 returning list_id, msisdn;

-- name: count_down
-- A contact less.
update contact_list set contacts = contacts - 1, member_id = $2, changed_us = $3 where id = $1;

-- name: page
-- Contacts of a list in its order after id $3 whose number holds $4 or whose fields hold $5 (both empty: all).
select c.id, c.msisdn, c.country, c.fields, c.created_us, o.msisdn is not null as opted_out
from contact c left join opt_out o on o.account_id = c.account_id and o.msisdn = c.msisdn
where c.list_id = $1 and c.account_id = $2 and c.id > $3
    and (($4 = '' and $5 = '') or ($4 <> '' and strpos(cast(c.msisdn as varchar), $4) > 0)
        or ($5 <> '' and strpos(lower(c.fields), $5) > 0))
order by c.id limit $6;

-- name: opted_out_of
-- How many of a list have opted out.
select count(*) as opted_out from contact c join opt_out o on o.account_id = c.account_id and o.msisdn = c.msisdn
where c.list_id = $1 and c.account_id = $2;

-- name: slice
-- Contacts of a list in its order, $3 of them after the first $4.
select msisdn, country, kind, fields from contact where list_id = $1 and account_id = $2 order by id limit $3 offset $4;
