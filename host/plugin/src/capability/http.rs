//! Requests to the hosts that a manifest names. Nobody is granted any yet.

use super::failure;
use crate::state::CallState;
use crate::wit::imports::http::{self, FetchError, Request, Response};

impl http::Host for CallState {
    async fn fetch(&mut self, _request: Request) -> Result<Response, FetchError> {
        Err(not_allowed())
    }

    async fn download(&mut self, _request: Request) -> Result<(Response, String), FetchError> {
        Err(not_allowed())
    }
}

fn not_allowed() -> FetchError {
    FetchError { failure: failure("not-allowed", "no host is granted to this plugin"), sent: false }
}
