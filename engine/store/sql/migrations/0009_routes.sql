-- From when each version of a route's prices is in force. Version 1 always was; one that is not in force yet may be
-- withdrawn. route.price_version counts the versions made; which one is in force follows from here and the time.
create table route_price_version (
    route_id bigint not null,
    version integer not null,
    effective_us bigint not null,
    created_us bigint not null,
    member_id bigint,
    withdrawn_us bigint,
    primary key (route_id, version)
);

insert into route_price_version (route_id, version, effective_us, created_us, member_id)
select route_id, version, case when version = 1 then 0 else min(created_us) end, min(created_us), min(member_id)
from route_price group by route_id, version;
