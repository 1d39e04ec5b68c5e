-- Since when the outcome of a message is unknown: its deadline counts from there, however old its task is.
alter table message add column doubt_us bigint;

-- How many references a message has, when there are several: a late receipt of one of them says nothing of the whole.
alter table message add column refs smallint;
