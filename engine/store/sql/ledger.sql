-- name: open_account
-- A new account starts at zero.
insert into account_balance (account_id, available_micro, held_micro) values ($1, 0, 0);

-- name: balance
-- What an account has.
select available_micro, held_micro from account_balance where account_id = $1;

-- name: tx
-- One movement.
select * from ledger_tx where id = $1;

-- name: reversal_of
-- The movement that reversed another, if any.
select id, key from ledger_tx where reverses = $1;

-- name: by_keys
-- Movements that were booked already.
select id, key, kind, account_id, amount_micro, task_id, reverses from ledger_tx where key = any($1::varchar[]);

-- name: move_balances
-- Accounts that would go below zero are left out of the result and untouched.
update account_balance
set available_micro = account_balance.available_micro + batch.available_micro,
    held_micro = account_balance.held_micro + batch.held_micro
from batch
where account_balance.account_id = batch.account_id
  and account_balance.available_micro + batch.available_micro >= 0
  and account_balance.held_micro + batch.held_micro >= 0
returning account_balance.account_id, account_balance.available_micro, account_balance.held_micro;

-- name: insert_txs
-- Movements, in bulk.
insert into ledger_tx (id, key, kind, account_id, amount_micro, available_after_micro, held_after_micro, task_id,
    member_id, reverses, note, created_us)
select id, key, kind, account_id, amount_micro, available_after_micro, held_after_micro, task_id,
    member_id, reverses, note, created_us from batch;

-- name: insert_entries
-- Entries, in bulk.
insert into ledger_entry (tx_id, account_id, bucket, amount_micro)
select tx_id, account_id, bucket, amount_micro from batch;

-- name: unbalanced_movements
-- Movements whose entries do not sum to zero.
select count(*) as wrong
from (select tx_id from ledger_entry group by tx_id having sum(amount_micro) <> 0) as unbalanced;

-- name: wrong_balances
-- Accounts whose balance is not the sum of their entries.
select count(*) as wrong
from account_balance as b
left join (
    select account_id,
        sum(amount_micro) filter (where bucket = 'available') as available_micro,
        sum(amount_micro) filter (where bucket = 'held') as held_micro
    from ledger_entry group by account_id
) as e on e.account_id = b.account_id
where b.available_micro <> coalesce(e.available_micro, 0) or b.held_micro <> coalesce(e.held_micro, 0);

-- name: wrong_open_tasks
-- Accounts whose held credit is not what their tasks have not settled yet.
select count(*) as wrong
from account_balance as b
left join (
    select account_id, sum(held_micro - charged_micro - returned_micro) as open_micro from task group by account_id
) as t on t.account_id = b.account_id
where b.held_micro <> coalesce(t.open_micro, 0);

-- name: wrong_holds
-- Accounts whose held credit is not what their unsettled messages hold.
select count(*) as wrong
from account_balance as b
left join (
    select account_id, sum(held_micro) as open_micro from message where settle_tx is null group by account_id
) as m on m.account_id = b.account_id
where b.held_micro <> coalesce(m.open_micro, 0);

-- name: wrong_tasks
-- Tasks whose counters differ from their messages, or that are finished with credit still held.
select count(*) as wrong
from task as t
left join (
    select task_id, count(*) as recipients, sum(held_micro) as held_micro, sum(charged_micro) as charged_micro,
        sum(case when settle_tx is null then 0 else held_micro - charged_micro end) as returned_micro,
        count(*) filter (where state = 'delivered') as delivered, count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'expired') as expired, count(*) filter (where state = 'cancelled') as cancelled,
        count(*) filter (where state = 'in_doubt') as in_doubt
    from message group by task_id
) as m on m.task_id = t.id
where t.recipients <> coalesce(m.recipients, 0) or t.held_micro <> m.held_micro or t.charged_micro <> m.charged_micro
   or t.returned_micro <> m.returned_micro or t.delivered <> m.delivered or t.failed <> m.failed
   or t.expired <> m.expired or t.cancelled <> m.cancelled or t.in_doubt <> m.in_doubt
   or (t.state in ('finished', 'cancelled') and t.held_micro <> t.charged_micro + t.returned_micro);

-- name: wrong_settlements
-- Movements of a task whose amount is not the sum of the messages that name them.
select count(*) as wrong
from (
    select settle_tx, sum(case when charged_micro > 0 then charged_micro else held_micro end) as messages_micro
    from message where settle_tx is not null group by settle_tx
) as m
full join (select id, abs(amount_micro) as amount_micro from ledger_tx where kind in ('charge', 'return')) as l
    on l.id = m.settle_tx
where l.id is null or m.settle_tx is null or l.amount_micro <> m.messages_micro;
