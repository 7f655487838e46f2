//! What is parsed: three sizes of request.

/// A client that says no more than it must.
pub const SHORT: &str = "GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What a browser sends when a link is followed.
pub const BROWSER: &str = "\
GET /guess/5f0c2a9b7e?from=index HTTP/1.1\r
Host: localhost:8080\r
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r
Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r
Accept-Encoding: gzip, deflate, br, zstd\r
Referer: http://localhost:8080/\r
Cache-Control: max-age=0\r
sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"\r
sec-ch-ua-mobile: ?0\r
sec-ch-ua-platform: \"Linux\"\r
Upgrade-Insecure-Requests: 1\r
Sec-Fetch-Site: same-origin\r
Sec-Fetch-Mode: navigate\r
Sec-Fetch-User: ?1\r
Sec-Fetch-Dest: document\r
Connection: keep-alive\r
\r
";

/// The same with 4 KiB of fields: most of them cookies, which a browser sends in one field.
pub fn cookies() -> String {
    let end = "\r\n\r\n";
    let mut request = BROWSER.trim_end().to_string() + "\r\nCookie: consent=all";
    for n in 0.. {
        let cookie = format!("; _ga_{n}=GS1.1.17{n}20534{n}.12.1.1720{n}534.60.0.0");
        if request.len() + cookie.len() + end.len() > 4096 {
            break;
        }
        request += &cookie;
    }
    request + end
}
