// Node-RED's settings, for `npm start`. What a user may choose is in the environment: see README.md and
// scripts/lib/environment.cjs. `npm start` has already checked ports and prepared the flow file; without it
// (node-red -s settings.js) the same defaults hold.

const { languages, readEnvironment } = require("./scripts/lib/environment.cjs");
const { httpGuard, socketGuard } = require("./scripts/lib/guard.cjs");
const { keptSecret } = require("./scripts/lib/secrets.cjs");

const { values, exposed, signIn, problems } = readEnvironment(process.env, __dirname, process.cwd());
if (problems.length > 0) throw new Error(problems.join("\n"));
Object.assign(process.env, values);

const home = values.TWIN_HOME;
const credentialSecret = values.TWIN_CREDENTIAL_SECRET || keptSecret(home, "credential-secret");
// Flows may read the environment; these two are not for them.
process.env.TWIN_CREDENTIAL_SECRET = "";
process.env.TWIN_ADMIN_PASSWORD_HASH = "";

// When `npm start` itself is killed, this process must not live on and hold the ports.
if (process.channel)
  process.once("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(1), 4500).unref();
  });

const loopbackNamesOnly = !exposed && !signIn && !values.TWIN_ADMIN_PASSWORD_HASH;
const people = whoMay();
// The editor speaks the language of TWIN_LANG, else of the browser; what a user chooses in the editor stands above both.
const editorLanguage = languages.includes(values.TWIN_LANG)
  ? [`${__dirname}/scripts/editor/${values.TWIN_LANG}.js`]
  : [];

module.exports = {
  // Where everything is kept. The flow file lies there too, because Node-RED keeps the credentials beside it.
  userDir: home,
  flowFile: process.env.TWIN_FLOW_FILE || "flows.json",
  flowFilePretty: true,
  credentialSecret,
  // This package as a module (locales, icons, examples), and what tells who sent a page's message. The dashboard is found in
  // node_modules, wherever TWIN_HOME is.
  nodesDir: [__dirname, `${__dirname}/security/dashboard-plugin`],

  uiHost: values.HOST,
  uiPort: Number(values.PORT),
  adminAuth: people.adminAuth,
  httpAdminMiddleware: httpGuard({ loopbackNamesOnly }),
  apiMaxLength: "32mb",
  mqttReconnectTime: 2000,
  lang: values.TWIN_LANG || undefined,

  dashboard: {
    middleware: [withoutPageCache, ...people.middleware],
    ioMiddleware: [socketGuard({ loopbackNamesOnly }), people.ioMiddleware],
    maxHttpBufferSize: 1e6,
  },

  // Nothing leaves this machine by itself: a plant network has no internet, and should not miss it.
  telemetry: { enabled: false, updateNotification: false },
  telemetryEnabled: false,
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
    modules: { allowInstall: false },
  },
  functionExternalModules: false,
  exportGlobalContextKeys: false,
  diagnostics: { enabled: true, ui: true },
  runtimeState: { enabled: false, ui: false },

  // Not the file store: it is flushed every 30 s, and a torn file stops the start. What must last is in twin-store.
  contextStorage: { default: { module: "memory" } },
  logging: { console: { level: "info", metrics: false, audit: false } },

  editorTheme: {
    page: { title: "MediTwin", scripts: editorLanguage },
    header: { title: "MediTwin" },
    tours: false,
    menu: { "menu-item-help": { label: "MediTwin", url: "/dashboard" } },
    palette: {
      catalogues: [],
      categories: {
        order: ["digital twin", "subflows", "common", "function", "network", "sequence", "parser", "storage"],
      },
    },
    multiplayer: { enabled: false },
    codeEditor: { lib: "monaco" },
  },
};

/**
 * An operator is to see the pages of this server, not of a browser's cache: in place of the dashboard's service worker the
 * browser gets one that takes itself, and any that was there before, away.
 */
function withoutPageCache(req, res, next) {
  if (req.path !== "/sw.js") return next();
  res.type("text/javascript").set("Cache-Control", "no-store");
  res.send('addEventListener("install", (event) => event.waitUntil(registration.unregister()));');
}

/**
 * Who may look and act: whom the users file names (npm run user). Without one everybody on this machine may, and beyond it
 * the pages show and nothing can be moved; the editor, with which anybody's code runs, then asks for the user `admin` with
 * the password of TWIN_ADMIN_PASSWORD_HASH, or one that was made once and lies in the home folder.
 */
function whoMay() {
  const { createPeople, withoutPeople } = require("./dist/security/people.js");
  const { onePassword } = require("./dist/security/editor-auth.js");
  const adminHash = values.TWIN_ADMIN_PASSWORD_HASH;
  if (signIn) {
    const secret = values.TWIN_CREDENTIAL_SECRET || keptSecret(home, "session-secret");
    return createPeople({ home, secret, adminHash, language: values.TWIN_LANG });
  }
  const pages = withoutPeople({ readOnly: exposed });
  if (adminHash)
    return {
      ...pages,
      adminAuth: { type: "credentials", users: [{ username: "admin", password: adminHash, permissions: "*" }] },
    };
  return exposed ? { ...pages, adminAuth: onePassword(keptSecret(home, "admin-password", 18)) } : pages;
}
