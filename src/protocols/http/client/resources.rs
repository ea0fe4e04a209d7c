//! The resources of a page: images, scripts, styles and icons named in its HTML.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::Poll;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use scraper::Selector;
use url::Url;

use crate::failure::{Failure, FailureKind};
use crate::markup;

#[expect(clippy::expect_used, reason = "the selectors are literals; a test reads them")]
static SELECTORS: LazyLock<[Selector; 2]> = LazyLock::new(|| {
    [
        Selector::parse("base[href]").expect("a literal selector"),
        Selector::parse("img[src], script[src], link[rel][href]").expect("a literal selector"),
    ]
});

/// Whether a response is a page.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or("").trim();
        kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
    })
}

/// The URLs a browser would fetch for this page, each once, in document order.
///
/// # Errors
/// Which limit the page goes beyond; `max` is how many it may name.
pub(super) fn collect(html: &str, page: &Url, max: usize) -> Result<Vec<Url>, Failure> {
    let document = markup::html(html).map_err(not_fetched)?;
    let [base, links] = &*SELECTORS;
    let base = document
        .select(base)
        .find_map(|element| page.join(element.attr("href")?.trim()).ok())
        .unwrap_or_else(|| page.clone());
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for element in document.select(links) {
        let reference = match element.value().name() {
            "link" => element.attr("href").filter(|_| {
                element
                    .attr("rel")
                    .unwrap_or("")
                    .split_ascii_whitespace()
                    .any(|word| word.eq_ignore_ascii_case("stylesheet") || word.eq_ignore_ascii_case("icon"))
            }),
            _ => element.attr("src"),
        };
        let Some(reference) = reference.map(str::trim).filter(|reference| !reference.is_empty()) else { continue };
        let Ok(mut url) = base.join(reference) else { continue };
        url.set_fragment(None);
        if matches!(url.scheme(), "http" | "https") && seen.insert(url.clone()) {
            if found.len() == max {
                return Err(not_fetched(format!(
                    "the page names more than {max} resources (`resources: {{ max: … }}`)"
                )));
            }
            found.push(url);
        }
    }
    Ok(found)
}

fn not_fetched(why: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::Body, format!("its resources are not fetched: {why}"))
}

/// Runs a future for each item, at most `limit` at a time; stops at the first error.
pub(super) async fn each<I, F, E>(
    items: impl IntoIterator<Item = I>,
    limit: usize,
    mut run: impl FnMut(I) -> F,
) -> Result<(), E>
where
    F: Future<Output = Result<(), E>>,
{
    let mut items = items.into_iter();
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    poll_fn(|cx| {
        loop {
            while running.len() < limit.max(1) {
                match items.next() {
                    Some(item) => running.push(Box::pin(run(item))),
                    None => break,
                }
            }
            if running.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let before = running.len();
            let mut at = 0;
            while at < running.len() {
                match running[at].as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => drop(running.remove(at)),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => at += 1,
                }
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<String> {
        let page = Url::parse("https://a.test/dir/page.html").unwrap();
        collect(html, &page, 500).unwrap().into_iter().map(String::from).collect()
    }

    #[test]
    fn images_scripts_styles_and_icons_each_once() {
        let html = r##"<html><head>
            <link rel="stylesheet" href="style.css"><link rel="preload" href="no.css">
            <link rel="shortcut ICON" href="/favicon.ico"><link rel="canonical" href="/no">
            <script src="//cdn.test/app.js"></script><script>inline()</script></head>
            <body><img src="a.png"><img src="a.png#again"><img src=""><img src="data:image/png;base64,AA==">
            <img srcset="no.png 2x"><a href="/no"></a></body></html>"##;
        assert_eq!(
            found(html),
            [
                "https://a.test/dir/style.css",
                "https://a.test/favicon.ico",
                "https://cdn.test/app.js",
                "https://a.test/dir/a.png"
            ]
        );
    }

    #[test]
    fn a_base_element_counts() {
        assert_eq!(found(r#"<base href="/static/"><img src="x.png">"#), ["https://a.test/static/x.png"]);
    }

    #[test]
    fn their_number_is_bounded() {
        let html = |count| (0..count).map(|number| format!("<img src='{number}.png'>")).collect::<String>();
        assert_eq!(found(&html(500)).len(), 500);
        let page = Url::parse("https://a.test/").unwrap();
        assert_eq!(
            collect(&html(501), &page, 500),
            Err(not_fetched("the page names more than 500 resources (`resources: { max: … }`)"))
        );
    }

    #[tokio::test]
    async fn never_more_at_a_time_than_allowed() {
        let (running, most, done) = (std::cell::Cell::new(0), std::cell::Cell::new(0), std::cell::Cell::new(0));
        let result: Result<(), ()> = each(0..10, 3, |_| async {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            running.set(running.get() - 1);
            done.set(done.get() + 1);
            Ok(())
        })
        .await;
        assert_eq!(result, Ok(()));
        assert_eq!((most.get(), done.get()), (3, 10));
    }
}
