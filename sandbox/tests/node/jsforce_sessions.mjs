// Signing in and out through jsforce. These come last: some end the sessions that they made.

const JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

function client({ jsforce, settings }, more = {}) {
  const { url, clientId, clientSecret } = settings;
  return new jsforce.Connection({
    loginUrl: url,
    instanceUrl: url,
    version: "64.0",
    logLevel: "NONE",
    oauth2: { loginUrl: url, clientId, clientSecret },
    ...more,
  });
}

const inFiveMinutes = () => Math.floor(Date.now() / 1000) + 300;

export const scenarios = {
  async client_credentials(_, world) {
    const conn = client(world);
    const userInfo = await conn.authorize({ grant_type: "client_credentials" });
    return { userInfo, kept: conn.userInfo, instance: conn.instanceUrl, username: (await conn.identity()).username };
  },

  async client_credentials_refused(_, world) {
    const { url, clientId, clientSecret } = world.settings;
    const other = (oauth2) => client(world, { oauth2: { loginUrl: url, ...oauth2 } }).authorize({ grant_type: "client_credentials" });
    return {
      secret: await world.refused(other({ clientId, clientSecret: "wrong" })),
      client: await world.refused(other({ clientId: "wrong", clientSecret })),
    };
  },

  async jwt(_, world) {
    const { settings, assertion, refused } = world;
    const claims = { iss: settings.clientId, sub: settings.username, aud: settings.url, exp: inFiveMinutes() };
    const sign = (more) => client(world).authorize({ grant_type: JWT, assertion: assertion({ ...claims, ...more }) });
    const conn = client(world);
    await conn.authorize({ grant_type: JWT, assertion: assertion(claims) });
    return {
      username: (await conn.identity()).username,
      production: (await sign({ aud: "https://login.salesforce.com" })).organizationId,
      stranger: await refused(sign({ sub: "nobody@firm.example" })),
      audience: await refused(sign({ aud: "https://elsewhere.example" })),
      expired: await refused(sign({ exp: 1 })),
    };
  },

  async password(_, world) {
    return world.refused(client(world).login(world.settings.username, "password"));
  },

  async soap_login(_, { jsforce, settings, refused }) {
    const login = (version) => new jsforce.Connection({ loginUrl: settings.url, version, logLevel: "NONE" }).login("a@firm.example", "x");
    return { older: await refused(login("64.0")), newer: await refused(login("65.0")) };
  },

  async other_grants(_, world) {
    const { refused } = world;
    const oauth2 = { loginUrl: world.settings.url, clientId: world.settings.clientId, clientSecret: world.settings.clientSecret };
    const withRedirect = client(world, { oauth2: { ...oauth2, redirectUri: "https://app.example/cb" } });
    return {
      code: await refused(withRedirect.authorize("a-code")),
      refresh: await refused(client(world).oauth2.refreshToken("a-token")),
      unknown: await refused(client(world).authorize({ grant_type: "device" })),
    };
  },

  async identity(conn, { settings, refused, raw, jsforce }) {
    const identity = await conn.identity();
    const path = new URL(identity.id).pathname;
    const stranger = new jsforce.Connection({ instanceUrl: settings.url, accessToken: "00D!nonsense", version: "64.0", logLevel: "NONE" });
    return {
      identity,
      userInfo: conn.userInfo,
      bad: await raw(path, { token: "00D!x" }).then(({ status, text }) => [status, text]),
      none: await raw(path, { token: "" }).then(({ status, text }) => [status, text]),
      org: await raw("/id/00D000000000000AAA/005000000000000AAA").then(({ status, text }) => [status, text]),
      user: await raw(`${path.slice(0, -18)}005000000000000AAA`).then(({ status, text }) => [status, text]),
      xml: (await raw(`${path}?format=xml`)).status,
      info: JSON.parse((await raw("/services/oauth2/userinfo")).text),
      stranger: await refused(stranger.identity()),
    };
  },

  async expired_session(_, { connect, refused }) {
    return refused(connect({ accessToken: "00D000000000000!expired" }).query("SELECT Id FROM Contact LIMIT 1"));
  },

  async refreshed_session(_, world) {
    let refreshes = 0;
    const refreshFn = (conn, done) => {
      refreshes += 1;
      client(world)
        .oauth2.requestToken({ grant_type: "client_credentials" })
        .then(({ access_token: token }) => done(null, token), done);
    };
    const conn = client(world, { accessToken: "00D000000000000!expired", refreshFn });
    const { totalSize } = await conn.query("SELECT Id FROM Organization");
    return { refreshes, totalSize };
  },

  async revoke(_, world) {
    const conn = client(world);
    await conn.authorize({ grant_type: "client_credentials" });
    const token = conn.accessToken;
    await conn.logout();
    const after = world.connect({ accessToken: token });
    return {
      accessToken: conn.accessToken,
      userInfo: conn.userInfo,
      after: await world.refused(after.limits()),
      again: await world.refused(client(world).oauth2.revokeToken(token)),
    };
  },

  async soap_logout(_, world) {
    const first = client(world);
    await first.authorize({ grant_type: "client_credentials" });
    const token = first.accessToken;
    const { url } = world.settings;
    const soap = new world.jsforce.Connection({ serverUrl: `${url}/services/Soap/u/64.0`, sessionId: token, version: "64.0", logLevel: "NONE" });
    const rows = (await soap.query("SELECT Id FROM Organization")).totalSize;
    await soap.logout();
    return { rows, after: await world.refused(world.connect({ accessToken: token }).limits()) };
  },
};
