//! `#[plugin_fn]` without any dependency.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

/// Exports a function under its name: called with the input, what it returns is the output.
#[proc_macro_attribute]
pub fn plugin_fn(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    match export(item) {
        Ok(exported) => exported,
        Err((message, span)) => compile_error(message, span),
    }
}

fn export(item: TokenStream) -> Result<TokenStream, (&'static str, Span)> {
    let tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let keyword = tokens.iter().position(|token| is_word(token, "fn")).ok_or(("#[plugin_fn] is for functions", Span::call_site()))?;
    let span = tokens[keyword].span();
    if !tokens[..keyword].iter().any(|token| is_word(token, "pub")) {
        return Err(("extism_pdk::plugin_fn expects a public function", span));
    }
    let Some(TokenTree::Ident(name)) = tokens.get(keyword + 1) else {
        return Err(("this function has no name", span));
    };
    if name.to_string() == "main" {
        return Err(("extism_pdk::plugin_fn must not be applied to a function named main: give it another name", name.span()));
    }
    let Some(TokenTree::Group(parameters)) = tokens.get(keyword + 2) else {
        return Err(("extism_pdk::plugin_fn expects a function without type parameters", name.span()));
    };
    // Unsafe functions may be exported as well; for others the block is needless.
    let call = match parameters.stream().is_empty() {
        true => format!("#[allow(unused_unsafe)] let result = unsafe {{ {name}() }};"),
        false => format!(
            "let result = ::extism_pdk::internal::read().and_then(|input| {{
                #[allow(unused_unsafe)]
                let result = unsafe {{ {name}(input) }};
                result
            }});"
        ),
    };
    // The function itself stays as it was written, inside of the exported one, so that errors keep their places.
    let mut body = item;
    body.extend(parse(&format!("{call} ::extism_pdk::internal::finish(result)")));
    let mut exported = parse(&format!("#[unsafe(no_mangle)] pub extern \"C\" fn {name}() -> i32"));
    exported.extend([TokenTree::Group(Group::new(Delimiter::Brace, body))]);
    Ok(exported)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

fn parse(text: &str) -> TokenStream {
    text.parse().expect("the macro writes valid tokens")
}

fn compile_error(message: &str, span: Span) -> TokenStream {
    parse(&format!("::core::compile_error!({message:?});"))
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
