-- A route may name another that takes over; null: nobody does.
alter table route add column takeover_id bigint;
-- Seconds of being down after which it does (null: never for that), and the share of successes in percent below which.
alter table route add column takeover_after_s integer;
alter table route add column takeover_below integer;
-- Since when and why it has taken over.
alter table route add column taken_over_us bigint;
alter table route add column taken_over_why varchar;

-- The route whose gateway carries them, when it is not their own.
alter table message add column carrier_id bigint;
alter table dispatch add column carrier_id bigint;

-- A message of several references (a part each) has as many rows; refs says how many there were.
alter table outstanding add column refs smallint;

-- Whom a receipt is about, when it says so, and the operator's own code in it.
alter table receipt_inbox add column msisdn bigint;
alter table receipt_inbox add column code varchar;
