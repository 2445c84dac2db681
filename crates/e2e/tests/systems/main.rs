//! Whole systems move to Longshore as their repositories stand.

mod club;
mod events;
mod gateway;
mod law_practice;
mod ministry;
