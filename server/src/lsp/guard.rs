//! A panic in a handler is an error response, and the server lives on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_service::Service;

use crate::problem::panic_message;

/// Answers for the service in it where that panics: a request gets an internal error, a notification nothing. All messages are handled
/// in one task, which a panic would otherwise end together with the session.
#[derive(Debug)]
pub(crate) struct Guard<S>(pub(crate) S);

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Option<Response>>,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (id, method) = (request.id().cloned(), request.method().to_owned());
        let handler = catch_unwind(AssertUnwindSafe(|| Box::pin(self.0.call(request))));
        Guarded { handler: handler.map_err(|panic| panic_message(&*panic)), id, method }
    }
}

/// The answer of a handler that may panic.
#[derive(Debug)]
pub(crate) struct Guarded<F> {
    /// The handler, or why it is none.
    handler: Result<Pin<Box<F>>, String>,
    id: Option<Id>,
    method: String,
}

impl<F, E> Future for Guarded<F>
where
    F: Future<Output = Result<Option<Response>, E>>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let why = match &mut self.handler {
            Ok(handler) => {
                match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
                    Ok(polled) => return polled,
                    Err(panic) => panic_message(&*panic),
                }
            }
            Err(why) => std::mem::take(why),
        };
        let error = Error {
            code: ErrorCode::InternalError,
            message: format!("{} failed: {why}", self.method).into(),
            data: None,
        };
        Poll::Ready(Ok(self.id.take().map(|id| Response::from_error(id, error))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tower_lsp_server::jsonrpc::Result;
    use tower_lsp_server::ls_types::{
        DidOpenTextDocumentParams, Hover, HoverParams, InitializeParams, InitializeResult,
    };
    use tower_lsp_server::{LanguageServer, LspService};

    use super::*;

    /// Panics before it first waits, after it, and in a notification.
    struct Faulty;

    impl LanguageServer for Faulty {
        async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
            Ok(InitializeResult::default())
        }

        async fn shutdown(&self) -> Result<()> {
            Ok(())
        }

        async fn did_open(&self, params: DidOpenTextDocumentParams) {
            panic!("cannot open {}", params.text_document.uri.as_str());
        }

        async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
            let line = params.text_document_position_params.position.line;
            if line == 1 {
                tokio::task::yield_now().await;
            }
            assert_eq!(line, 2, "no such line");
            Ok(None)
        }
    }

    async fn send(
        service: &mut Guard<LspService<Faulty>>,
        method: &'static str,
        id: Option<i64>,
        params: serde_json::Value,
    ) -> Option<Response> {
        let request = Request::build(method).params(params);
        let request = match id {
            Some(id) => request.id(id).finish(),
            None => request.finish(),
        };
        service.call(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_an_error_response() {
        let (service, _socket) = LspService::new(|_| Faulty);
        let mut service = Guard(service);
        let document =
            json!({"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ""});
        let hover = |line: u32| json!({"textDocument": {"uri": "file:///a.py"}, "position": {"line": line, "character": 0}});
        let answer = send(&mut service, "initialize", Some(1), json!({"capabilities": {}})).await;
        assert!(answer.unwrap().is_ok());
        let open = json!({"textDocument": document});
        assert!(send(&mut service, "textDocument/didOpen", None, open).await.is_none());
        for line in [0, 1] {
            let id = i64::from(line) + 2;
            let answer = send(&mut service, "textDocument/hover", Some(id), hover(line)).await;
            let answer = answer.unwrap();
            assert_eq!(answer.id(), &Id::Number(id));
            let error = answer.error().unwrap();
            assert_eq!(error.code, ErrorCode::InternalError);
            assert!(error.message.starts_with("textDocument/hover failed: "), "{error:?}");
            assert!(error.message.contains("no such line"), "{error:?}");
        }
        let answer = send(&mut service, "textDocument/hover", Some(4), hover(2)).await;
        assert!(answer.unwrap().is_ok());
    }
}
