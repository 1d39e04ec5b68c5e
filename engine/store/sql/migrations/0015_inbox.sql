-- Messages from phones. `phone` is who wrote, msisdn its digits (null: no number), recipient what it was sent to.
-- account_id null: nobody is known whom it answers, so it is the operator's. message_id is the one it answers, as far as
-- that is known. A message that the operator sends again has the same key.
create table inbound (
    id bigint not null,
    route_id bigint not null,
    key varchar not null,
    account_id bigint,
    phone varchar not null,
    msisdn bigint,
    recipient varchar not null,
    content varchar not null,
    kind varchar not null check (kind in ('message', 'stop', 'may_stop', 'start', 'help')),
    unread boolean not null,
    task_id bigint,
    message_id bigint,
    sent_us bigint not null,
    received_us bigint not null,
    primary key (route_id, key)
);

-- People are told of messages from phones too.
create table notice_of_more_kinds (
    id bigint primary key,
    account_id bigint,
    kind varchar not null check (kind in ('topup', 'task', 'balance', 'case', 'account', 'route', 'inbox')),
    sentence varchar not null,
    link varchar not null,
    created_us bigint not null
);

insert into notice_of_more_kinds (id, account_id, kind, sentence, link, created_us)
select id, account_id, kind, sentence, link, created_us from notice;

drop table notice;

alter table notice_of_more_kinds rename to notice;
