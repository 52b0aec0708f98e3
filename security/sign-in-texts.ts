/** What the sign-in page says. */
export interface SignInTexts {
  title: string;
  name: string;
  password: string;
  submit: string;
  wrong: string;
  wait(seconds: number): string;
  elsewhere: string;
  /** The other language, in its own words. */
  other: string;
}

export const signInTexts: Record<"en-US" | "zh-CN", SignInTexts> = {
  "en-US": {
    title: "Sign in",
    name: "Name",
    password: "Password",
    submit: "Sign in",
    wrong: "Name or password is wrong.",
    wait: (seconds) => `Too many attempts. Wait ${seconds} s, then try again.`,
    elsewhere: "That came from another page. Try again here.",
    other: "中文",
  },
  "zh-CN": {
    title: "登录",
    name: "用户名",
    password: "密码",
    submit: "登录",
    wrong: "用户名或密码错误。",
    wait: (seconds) => `尝试次数过多，请等待 ${seconds} 秒后重试。`,
    elsewhere: "该请求来自其他页面，请在此重新登录。",
    other: "English",
  },
};

export type PageLanguage = keyof typeof signInTexts;

/** The language of the installation, else the one that the browser names first of those there are. */
export function pageLanguage(asked: unknown, installed: string, accepted = ""): PageLanguage {
  for (const one of [asked, installed, ...accepted.split(",")]) {
    const tag = typeof one === "string" ? one.trim().toLowerCase() : "";
    if (tag.startsWith("zh")) return "zh-CN";
    if (tag.startsWith("en")) return "en-US";
  }
  return "en-US";
}
