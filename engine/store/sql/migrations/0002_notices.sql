-- What the product tells people inside the application. account_id null: the operator's desk.
create table notice (
    id bigint primary key,
    account_id bigint,
    kind varchar not null check (kind in ('topup', 'task', 'balance', 'case', 'account', 'route')),
    sentence varchar not null,
    link varchar not null,
    created_us bigint not null
);

-- How far each member has read.
create table notice_seen (member_id bigint primary key, through_id bigint not null);
