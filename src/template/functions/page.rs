//! What `docs/functions.md` says of each function, and `tollgate explain`.
//!
//! Examples use the variables of that page.

/// Functions that belong together.
#[derive(Debug)]
pub struct FunctionSection {
    pub title: &'static str,
    pub functions: &'static [FunctionPage],
}

#[derive(Debug)]
pub struct FunctionPage {
    /// Name and arguments, those that may be missing in brackets.
    pub call: &'static str,
    /// What the call does not say; may be empty. Markdown on one line.
    pub note: &'static str,
    /// A call in its braces.
    pub example: &'static str,
    /// What the example becomes; of a function of chance, what it may become.
    pub result: &'static str,
}

impl FunctionPage {
    pub fn name(&self) -> &'static str {
        self.call.split('(').next().unwrap_or_default()
    }
}

pub static FUNCTION_SECTIONS: &[FunctionSection] = &[
    FunctionSection {
        title: "Digests",
        functions: &[
            FunctionPage {
                call: "md5Hex(text)",
                note: "",
                example: "{md5Hex('abc')}",
                result: "900150983cd24fb0d6963f7d28e17f72",
            },
            FunctionPage {
                call: "md5Base64(text)",
                note: "",
                example: "{md5Base64('abc')}",
                result: "kAFQmDzST7DWlj99KOF/cg==",
            },
            FunctionPage {
                call: "sha1Hex(text)",
                note: "",
                example: "{sha1Hex('abc')}",
                result: "a9993e364706816aba3e25717850c26c9cd0d89d",
            },
            FunctionPage {
                call: "sha1Base64(text)",
                note: "",
                example: "{sha1Base64('abc')}",
                result: "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            },
            FunctionPage {
                call: "sha256Hex(text)",
                note: "",
                example: "{sha256Hex('abc')}",
                result: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            },
            FunctionPage {
                call: "sha256Base64(text)",
                note: "",
                example: "{sha256Base64('abc')}",
                result: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            },
            FunctionPage {
                call: "sha384Hex(text)",
                note: "",
                example: "{sha384Hex('abc')}",
                result: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7\
                    cc2358baeca134c825a7",
            },
            FunctionPage {
                call: "sha384Base64(text)",
                note: "",
                example: "{sha384Base64('abc')}",
                result: "ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn",
            },
            FunctionPage {
                call: "sha512Hex(text)",
                note: "",
                example: "{sha512Hex('abc')}",
                result: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274f\
                    c1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            },
            FunctionPage {
                call: "sha512Base64(text)",
                note: "",
                example: "{sha512Base64('abc')}",
                result: "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4q\
                    mslPpUyknw==",
            },
        ],
    },
    FunctionSection {
        title: "Keyed digests",
        functions: &[
            FunctionPage {
                call: "hmacMd5(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacMd5('key','abc')}",
                result: "0v6YBj+HawMZOvtJtJeVkQ==",
            },
            FunctionPage {
                call: "hmacSha1(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacSha1('key','abc','utf-8','hex')}",
                result: "4fd0b215276ef12f2b3e4c8ecac2811498b656fc",
            },
            FunctionPage {
                call: "hmacSha224(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacSha224('6b6579','abc','hex')}",
                result: "9SRnC3408xRn3gqpZZOGHPZRF9QU+y2GFY12Dg==",
            },
            FunctionPage {
                call: "hmacSha256(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacSha256('a2V5','abc','base64','base16')}",
                result: "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab",
            },
            FunctionPage {
                call: "hmacSha384(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacSha384('key',city)}",
                result: "/fu1+XjdzLmXSD4rZluHKeQktxBONXt8pALjHEAnQOygtU76Vtw6JauutvkGGOJL",
            },
            FunctionPage {
                call: "hmacSha512(key,text[,keyEncoding[,outputEncoding]])",
                note: "",
                example: "{hmacSha512('key','abc')}",
                result: "OSaiB8jEKwxBeSy9PhoaqvX3olcE9i38k5xJh9184GAAnFuxwkRzVbMhbxC1N+mvp7ZKTlORsNYx\
                    Fy0Hk54Ieg==",
            },
        ],
    },
    FunctionSection {
        title: "Base64",
        functions: &[
            FunctionPage {
                call: "encodeBase64(text)",
                note: "",
                example: "{encodeBase64(city)}",
                result: "WsO8cmljaA==",
            },
            FunctionPage {
                call: "decodeBase64(text)",
                note: "of the standard alphabet alone; Base64 for URLs gives the empty text",
                example: "{decodeBase64('WsO8cmljaA==')}",
                result: "Zürich",
            },
        ],
    },
    FunctionSection {
        title: "Texts",
        functions: &[
            FunctionPage {
                call: "toUpperCase(text)",
                note: "",
                example: "{toUpperCase(city)}",
                result: "ZÜRICH",
            },
            FunctionPage {
                call: "toLowerCase(text)",
                note: "",
                example: "{toLowerCase(country:FRANCE)}",
                result: "france",
            },
            FunctionPage {
                call: "substring(text,start[,end])",
                note: "from `start` up to `end`, which does not belong to it; a negative index \
                    counts from the end, one beyond the text means its end",
                example: "{substring(alpha,-8,-4)}",
                result: "STUV",
            },
            FunctionPage {
                call: "replaceAll(text,pattern,replacement)",
                note: "each match of a Java pattern; the replacement may name groups",
                example: "{replaceAll(list,pair,'$2 and $1')}",
                result: "[ann and tom]",
            },
            FunctionPage {
                call: "replaceFirst(text,pattern,replacement)",
                note: "the first match",
                example: "{replaceFirst(alpha,'[C-W]+','-')}",
                result: "AB-XYZ",
            },
            FunctionPage {
                call: "firstnonnull(value,...)",
                note: "the left-most value; the empty text is one",
                example: "{firstnonnull(country,region,'EMEA')}",
                result: "EMEA",
            },
            FunctionPage {
                call: "escapeJSON(text)",
                note: "",
                example: "{escapeJSON(said)}",
                result: r#"\"no\" \\ never"#,
            },
            FunctionPage {
                call: "escapeXML(text)",
                note: "without the characters that XML 1.0 does not have",
                example: "{escapeXML(markup)}",
                result: "&lt;a b=&apos;c&apos;&gt;&quot;d&quot; &amp; e&lt;/a&gt;",
            },
            FunctionPage {
                call: "escapeXML11(text)",
                note: "the control characters of XML 1.1 as numbers",
                example: "{escapeXML11(markup)}",
                result: "&lt;a b=&apos;c&apos;&gt;&quot;d&quot; &amp; e&lt;/a&gt;",
            },
            FunctionPage {
                call: "encodeHTML(text)",
                note: "",
                example: "{encodeHTML(markup)}",
                result: "&lt;a b=&#39;c&#39;&gt;&quot;d&quot; &amp; e&lt;/a&gt;",
            },
        ],
    },
    FunctionSection {
        title: "Times",
        functions: &[
            FunctionPage {
                call: "timeFormat(format,seconds)",
                note: "",
                example: "{timeFormat('yyyyMMddHHmmss',seconds)}",
                result: "20170510042426",
            },
            FunctionPage {
                call: "timeFormatMs(format,milliseconds)",
                note: "",
                example: "{timeFormatMs(format,system.timestamp)}",
                result: "2017-05-10T04:24:26.007Z",
            },
            FunctionPage {
                call: "timeFormatUTC(format,seconds)",
                note: "",
                example: "{timeFormatUTC('EEEE, d MMMM yyyy',seconds)}",
                result: "Wednesday, 10 May 2017",
            },
            FunctionPage {
                call: "timeFormatUTCMs(format,milliseconds)",
                note: "",
                example: "{timeFormatUTCMs('h:mm a z',system.timestamp)}",
                result: "4:24 AM UTC",
            },
        ],
    },
    FunctionSection {
        title: "By chance",
        functions: &[
            FunctionPage {
                call: "createUuid()",
                note: "version 4",
                example: "{createUuid()}",
                result: "ec3ca9be-d1e1-4ef4-aee4-4a58f3130db8",
            },
            FunctionPage {
                call: "randomLong([least[,greatest]])",
                note: "both bounds belong to it",
                example: "{randomLong(1,seven)}",
                result: "4",
            },
            FunctionPage {
                call: "xeger(pattern)",
                note: "a text that matches; `*` and `+` repeat up to 8 times more than needed",
                example: "{xeger('[A-Z]{2}-[0-9]{4}')}",
                result: "QF-2907",
            },
        ],
    },
    FunctionSection {
        title: "Paths",
        functions: &[
            FunctionPage {
                call: "jsonPath(path,json[,wantArray])",
                note: "of an array the first element, unless `wantArray` is `true`",
                example: "{jsonPath('$[0]',list)}",
                result: "tom",
            },
            FunctionPage {
                call: "xpath(path,xml[,type or prefix:uri,...])",
                note: "types are `nodeset`, `node`, `number`, `boolean`, `string`; up to ten \
                    namespaces",
                example: "{xpath('/a/b',xml,'string')}",
                result: "1",
            },
            FunctionPage {
                call: "xPath(path,xml[,type or prefix:uri,...])",
                note: "as `xpath`",
                example: "{xPath('/a/@n',xml)}",
                result: "7",
            },
        ],
    },
];
