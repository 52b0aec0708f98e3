// TWIN_LANG: the editor asks the browser for its language, and this answers in its place.
Object.defineProperty(navigator, "language", { get: () => "zh-CN" });
