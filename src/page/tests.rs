#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;

fn words(html: &str) -> Words {
    Page::read(html).unwrap().words()
}

#[test]
fn a_page_says_its_title_its_headings_and_its_alerts() {
    let page = "<!doctype html><html><head><title> Sign\n in – Shop </title></head><body class='error-page'>
        <svg><title>logo</title></svg><h1>Welcome <b>back</b></h1><h1> </h1>
        <div class='alert alert-danger d-none'>a template that nobody sees</div>
        <div hidden><p role=alert>nor this</p></div>
        <div class='Field-Error'>Wrong <b>password</b><script>track('x')</script></div>
        <p role=alert>Wrong password</p><span class=alert-icon>!</span>
        <form class=has-errors><p class=hint>Hint</p></form><template><p role=alert>no</p></template>";
    let words = words(page);
    assert_eq!(words.title.as_deref(), Some("Sign in – Shop"));
    assert_eq!(words.headings, ["Welcome back"]);
    assert_eq!(words.alerts, ["Wrong password", "Hint"]);
}

#[test]
fn a_whole_section_is_no_message_but_an_alert_is_cut() {
    let long = "word ".repeat(100);
    let words = words(&format!(
        "<div class=errors><p>{long}</p><p class=error>The card was refused</p></div><p role=alert>{long}"
    ));
    assert_eq!(words.alerts[0], "The card was refused");
    assert!(words.alerts[1].starts_with("word word") && words.alerts[1].ends_with('…'), "{:?}", words.alerts);
    assert_eq!(words.alerts.len(), 2);
    assert!(words.alerts[1].chars().count() <= 200);
    assert!(super::Words::default().is_empty() && !words.is_empty());
}

#[test]
fn forms_have_what_a_browser_sends() {
    let page = Page::read(
        "<form id=login action=' /session?next=%2F ' method=POST>
         <input type=hidden name=csrf value='a&quot;b'><input name=user value=ann><input type=PASSWORD name=pw value=x>
         <input type=checkbox name=stay><input type=checkbox name=terms checked>
         <input type=radio name=size value=s><input type=radio name=size value=m checked>
         <select name=lang><option value=en>English<option selected>German</select>
         <textarea name=note>Hello
         there</textarea><input name=off disabled><input value='no name'>
         <button type=button name=show>Show</button><button name=do value=login>Log in</button>
         <button name=do2 value=register>Register</button></form>
         <form action=/search><input type=search name=q></form>
         <form method=post enctype=multipart/form-data><input type=file name=doc></form>
         <form method=dialog><input name=x></form>",
    )
    .unwrap();
    let forms = page.forms();
    let fields = |form: &Form| {
        form.fields.iter().map(|field| format!("{}={} {:?}", field.name, field.value, field.kind)).collect::<Vec<_>>()
    };
    assert_eq!(forms.len(), 3);
    assert_eq!((forms[0].id.as_deref(), forms[0].action.as_deref()), (Some("login"), Some("/session?next=%2F")));
    assert_eq!((forms[0].encoding, &*forms[0].button, forms[0].has_password()), (Encoding::Form, "Log in", true));
    assert_eq!(
        fields(&forms[0]),
        [
            "csrf=a\"b Hidden",
            "user=ann Written",
            "pw= Password",
            "terms=on Chosen",
            "size=m Chosen",
            "lang=German Chosen",
            "note=Hello there Written",
            "do=login Chosen",
        ]
    );
    assert_eq!((forms[1].encoding, fields(&forms[1])), (Encoding::Query, vec!["q= Written".to_owned()]));
    assert_eq!((forms[2].encoding, forms[2].action.as_deref()), (Encoding::Multipart, None));
    assert_eq!(fields(&forms[2]), ["doc= File"]);
}

#[test]
fn pages_are_told_from_other_bodies() {
    for (kind, body, html) in [
        (Some("text/html; charset=utf-8"), "", true),
        (Some("application/xhtml+xml"), "", true),
        (Some("application/json"), "<!doctype html>", false),
        (None, "\n <!DOCTYPE HTML><p>", true),
        (None, "<html>", true),
        (None, "<h", false),
        (None, "é", false),
    ] {
        assert_eq!(is_html(kind, body), html, "{kind:?} {body}");
    }
}

#[test]
fn a_page_that_scripts_build_is_known_by_its_lack_of_words() {
    let page = |html: &str| Page::read(html).unwrap().is_built_by_scripts();
    assert!(page("<body><div id=root></div><script src=/app.js></script>"));
    assert!(!page("<body><a href=/x>x</a><script src=/app.js></script>"));
    assert!(!page("<body><div>short</div>"));
}
