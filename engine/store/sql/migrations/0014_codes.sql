-- What an operator's own codes mean on a route: errors of receipts (err:032), refusals (0x0401), a provider's numbers.
create table route_code (
    route_id bigint not null,
    code varchar not null,
    meaning varchar not null,
    reason varchar not null,
    retry boolean not null,
    changed_us bigint not null,
    member_id bigint,
    primary key (route_id, code)
);
