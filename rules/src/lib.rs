//! One rule per file, and one list.

mod builtins;
mod loops;
mod plan;
mod reuse;
#[cfg(test)]
mod testing;

macro_rules! rules {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in the order of the rules table.
        pub static ALL: &[&analysis::Rule] = &[$(&$module::$name),*];
    };
}

rules! {
    action_in_loop::ACTION_IN_LOOP,
    count_for_emptiness::COUNT_FOR_EMPTINESS,
    group_by_key_aggregate::GROUP_BY_KEY_AGGREGATE,
    ignored_cache_result::IGNORED_CACHE_RESULT,
    join_without_condition::JOIN_WITHOUT_CONDITION,
    missing_broadcast::MISSING_BROADCAST,
    reuse_without_cache::REUSE_WITHOUT_CACHE,
    single_partition_write::SINGLE_PARTITION_WRITE,
    single_use_cache::SINGLE_USE_CACHE,
    udf_for_builtin::UDF_FOR_BUILTIN,
    unbounded_collect::UNBOUNDED_COLLECT,
    with_column_in_loop::WITH_COLUMN_IN_LOOP,
}
