-- name: account_kind
-- Whether an account is a customer's.
select kind from account where id = $1;

-- name: by_key
-- Whether a movement with this key was booked.
select id from ledger_tx where key = $1;

-- name: price_table
-- The newest price table, or ($1) one version.
select p.version, p.currency, p.decimals, p.created_us, coalesce(m.full_name, '') as member_name
from topup_price_table as p left join member as m on m.id = p.member_id
where p.version = coalesce(cast($1 as integer), (select max(version) from topup_price_table));

-- name: price_tables
-- The newest price tables, at most $1.
select p.version, p.currency, p.decimals, p.created_us, coalesce(m.full_name, '') as member_name
from topup_price_table as p left join member as m on m.id = p.member_id
order by p.version desc limit $1;

-- name: tiers
-- Tiers of the versions $1, the smallest amount first.
select version, from_micro, price_micro from topup_tier where version = any($1::integer[])
order by version desc, from_micro;

-- name: add_price_table
-- A new version of the prices.
insert into topup_price_table (version, currency, decimals, member_id, created_us) values ($1, $2, $3, $4, $5);

-- name: add_tier
-- One tier of a version.
insert into topup_tier (version, from_micro, price_micro) values ($1, $2, $3);

-- name: banks
-- The newest bank details, at most $1.
select b.version, b.bank_name, b.account_holder, b.account_number, b.hint, b.created_us,
    coalesce(m.full_name, '') as member_name
from topup_bank as b left join member as m on m.id = b.member_id
order by b.version desc limit $1;

-- name: add_bank
-- New bank details; the earlier ones are kept.
insert into topup_bank (version, bank_name, account_holder, account_number, hint, member_id, created_us)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: request_by_key
-- What account $1 asked for with key $2.
select id, credits_micro, price_version from topup_request where account_id = $1 and key = $2;

-- name: request_counts
-- How many requests of account $1 are open, and how many it made since $2.
select count(*) filter (where state in ('requested', 'receipt_uploaded')) as open,
    count(*) filter (where created_us >= $2) as recent
from topup_request where account_id = $1;

-- name: add_request
-- A request with the price it was quoted with.
insert into topup_request (id, account_id, member_id, key, reference, state, credits_micro, total_minor, price_version,
    price_micro, currency, decimals, reason, created_us)
values ($1, $2, $3, $4, $5, 'requested', $6, $7, $8, $9, $10, $11, '', $12);

-- name: bare_request
-- A request of account $2 (null: of any) as it is stored.
select * from topup_request where id = $1 and (cast($2 as bigint) is null or account_id = $2);

-- name: request
-- A request of account $2 (null: of any) with names, the number of its documents, and what reversed its movement.
select r.*, a.name as account_name, m.full_name as member_name, coalesce(f.full_name, '') as first_name,
    coalesce(d.full_name, '') as decided_name, l.id as reversed_by,
    (select count(*) from topup_document as o where o.request_id = r.id) as documents
from topup_request as r
join account as a on a.id = r.account_id
join member as m on m.id = r.member_id
left join member as f on f.id = r.first_approver
left join member as d on d.id = r.decided_by
left join ledger_tx as l on l.reverses = r.ledger_tx
where r.id = $1 and (cast($2 as bigint) is null or r.account_id = $2);

-- name: requests
-- Requests of account $1 (null: of all), open ($2 true), decided (false) or both (null), with a text ($3) in the
-- reference, the account's or the member's name, below id $4, newest first.
select r.*, a.name as account_name, m.full_name as member_name, coalesce(f.full_name, '') as first_name,
    coalesce(d.full_name, '') as decided_name,
    (select count(*) from topup_document as o where o.request_id = r.id) as documents
from topup_request as r
join account as a on a.id = r.account_id
join member as m on m.id = r.member_id
left join member as f on f.id = r.first_approver
left join member as d on d.id = r.decided_by
where (cast($1 as bigint) is null or r.account_id = $1)
  and (cast($2 as boolean) is null or (r.state in ('requested', 'receipt_uploaded')) = $2)
  and ($3 = '' or strpos(lower(a.name), $3) > 0 or strpos(lower(m.full_name), $3) > 0
      or strpos(lower(r.reference), replace($3, ' ', '')) > 0)
  and r.id < $4
order by r.id desc limit $5;

-- name: request_numbers
-- How many requests wait, of which with a receipt, and how many await a second approval.
select count(*) as open, count(*) filter (where state = 'receipt_uploaded') as with_receipt,
    count(*) filter (where first_approver is not null) as half_approved
from topup_request where state in ('requested', 'receipt_uploaded');

-- name: note_receipt
-- A document has arrived.
update topup_request set state = 'receipt_uploaded' where id = $1 and state in ('requested', 'receipt_uploaded');

-- name: note_first_approval
-- The first of two approvals.
update topup_request set first_approver = $2, first_approved_us = $3
where id = $1 and state in ('requested', 'receipt_uploaded') and first_approver is null;

-- name: decide
-- The end of a request: state, who, when, why, and the movement that booked it. Only an open one can end.
update topup_request set state = $2, decided_by = $3, decided_us = $4, reason = $5, ledger_tx = $6
where id = $1 and state in ('requested', 'receipt_uploaded') returning id;

-- name: documents
-- Documents of a request, the first one first.
select id, request_id, account_id, name, media_type, size_bytes, sha256, created_us from topup_document
where request_id = $1 order by id;

-- name: document
-- A document of account $2 (null: of any).
select * from topup_document where id = $1 and (cast($2 as bigint) is null or account_id = $2);

-- name: add_document
-- A document whose file is on the disk already.
insert into topup_document (id, request_id, account_id, member_id, file, name, media_type, size_bytes, sha256,
    created_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: known_files
-- Which of the files $1 belong to a document.
select file from topup_document where file = any($1::varchar[]);
