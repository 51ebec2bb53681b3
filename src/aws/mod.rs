//! The border to AWS: clients, the translation of SDK errors into [`Fault`](crate::model::Fault)s, ownership tags,
//! and the look-ups that several kinds share.

pub mod actions;
mod clients;
pub mod codes;
mod endpoint;
mod fault;
mod functions;
mod iam;
mod invoke;
mod logs;
mod once;
mod parameters;
mod policy_document;
mod prices;
mod sign_up;
mod tags;
mod user_pool;

pub use clients::{Clients, Identity, LoadError, Settings};
pub use endpoint::usable as usable_endpoint;
pub use fault::{Rules, fault, unexpected};
pub use functions::{FunctionUse, OwnedFunction, function_uses, functions_of};
pub use iam::{
    after_changes, built_wrong, from_iam_tags, iam_name_problem, iam_path_problem, iam_tags,
    is_policy_arn, lasting_iam_tags, tag_changes,
};
pub use invoke::{Invocation, invoke};
pub use logs::{LogPage, log_events};
pub use once::OnlyOnce;
pub use parameters::{delete_parameter, new_parameter, parameter};
pub use policy_document::{
    DocumentChange, MAX_MANAGED_POLICY, decode_policy_document, policy_document_changes,
    policy_document_problems, policy_document_size, same_policy_document, tidy_policy_document,
};
pub use prices::{backup_cost, log_cost, price_list};
pub use sign_up::{Person, forget, sign_up};
pub use tags::{ADDR_TAG, RUN_TAG, STACK_TAG, lasting, made_by, owner_of, ownership, tag_fields};
pub use user_pool::user_pool_id;
