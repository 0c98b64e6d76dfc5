// What jsforce learns about the org: descriptions, limits, changes, search, and what is not there.

export const scenarios = {
  async describe(conn, { refused }) {
    const described = await conn.sobject("Contact").describe();
    const field = (name) => described.fields.find((item) => item.name === name);
    return {
      name: described.name,
      keyPrefix: described.keyPrefix,
      rights: [described.createable, described.updateable, described.deletable, described.queryable],
      lastName: field("LastName"),
      owner: [field("OwnerId").type, field("OwnerId").referenceTo, field("OwnerId").relationshipName],
      child: described.childRelationships.find((item) => item.relationshipName === "Tasks") ?? null,
      unknown: await refused(conn.sobject("Nonsense__c").describe()),
    };
  },

  async every_described_field_can_be_queried(conn) {
    const failures = {};
    const { sobjects } = await conn.describeGlobal();
    for (const { name, queryable } of sobjects) {
      if (!queryable) continue;
      const { fields } = await conn.describe(name);
      try {
        await conn.query(`SELECT ${fields.map((field) => field.name).join(", ")} FROM ${name} LIMIT 1`);
      } catch (error) {
        failures[name] = error.message;
      }
    }
    return { objects: sobjects.length, failures };
  },

  async describe_global(conn) {
    const { encoding, maxBatchSize, sobjects } = await conn.describeGlobal();
    const named = Object.fromEntries(sobjects.map((item) => [item.name, item]));
    return { encoding, maxBatchSize, names: Object.keys(named), contact: named.Contact, email: named.Email__c };
  },

  async limits(conn) {
    const found = await conn.limits();
    return { daily: found.DailyApiRequests, storage: found.DataStorageMB, names: Object.keys(found), info: conn.limitInfo };
  },

  async record_count(conn) {
    await conn.sobject("Lead").create({ LastName: "Counted", Company: "Counted" });
    return conn.request("/limits/recordCount?sObjects=Lead");
  },

  async versions(conn) {
    const found = await conn.request("/services/data");
    return { first: found[0], last: found.at(-1), ours: found.find((item) => item.version === "64.0") };
  },

  async resources(conn) {
    return conn.request("/");
  },

  async recent(conn) {
    const headers = { "Sforce-Mru": "updateMru=true" };
    const seen = await conn.create("Account", { Name: "Seen" }, { headers });
    await conn.create("Account", { Name: "Not seen" });
    return { id: seen.id, all: await conn.recent(1), accounts: await conn.recent("Account", 5) };
  },

  async updated_and_deleted(conn, { settings, refused }) {
    const leads = conn.sobject("Lead");
    const [kept, gone] = await leads.create([{ LastName: "Kept", Company: "x" }, { LastName: "Gone", Company: "x" }]);
    await leads.destroy(gone.id);
    const now = Date.now();
    const start = new Date(now - 3_600_000);
    const end = new Date(now + 120_000);
    const updated = await leads.updated(start, end);
    const deleted = await leads.deleted(start, end);
    return {
      kept: kept.id,
      gone: gone.id,
      updated,
      deleted,
      before: await leads.updated(new Date(now - 7_200_000), start),
      reversed: await refused(leads.updated(end, start)),
      old: await refused(leads.deleted(new Date(now - 40 * 86_400_000), end)),
      object: await refused(conn.updated("Nonsense", start, end)),
    };
  },

  async search(conn, { refused }) {
    const { id } = await conn.sobject("Contact").create({ FirstName: "Quentin", LastName: "Searchable", Email: "q.s@client.example" });
    await conn.sobject("Account").create({ Name: "Searchable Holdings" });
    return {
      id,
      plain: await conn.search("FIND {Searchable}"),
      returning: await conn.search("FIND {Search* AND Quentin} IN NAME FIELDS RETURNING Contact(Id, Name WHERE Email != null ORDER BY Name LIMIT 5), Lead"),
      email: await conn.search('FIND {"q.s@client.example"} IN EMAIL FIELDS RETURNING Contact(Email)'),
      parameterized: await conn.request("/parameterizedSearch/?q=Searchable&sobject=Account&Account.fields=Name"),
      posted: await conn.requestPost("/parameterizedSearch", { q: "Quentin", sobjects: [{ name: "Contact", fields: ["LastName"] }] }),
      braces: await refused(conn.search("FIND 'Searchable'")),
      short: await refused(conn.search("FIND {a}")),
      object: await refused(conn.search("FIND {Searchable} RETURNING Nonsense(Id)")),
      field: await refused(conn.search("FIND {Searchable} RETURNING Contact(Nonsense)")),
    };
  },

  async not_there(conn, { refused }) {
    const asked = {
      tabs: () => conn.tabs(),
      theme: () => conn.theme(),
      quickActions: () => conn.quickActions(),
      quickAction: () => conn.quickAction("LogACall").describe(),
      layouts: () => conn.sobject("Contact").layouts(),
      compactLayouts: () => conn.sobject("Contact").compactLayouts(),
      approvalLayouts: () => conn.sobject("Contact").approvalLayouts(),
      listviews: () => conn.sobject("Contact").listviews(),
      objectActions: () => conn.sobject("Contact").quickActions(),
      rules: () => conn.process.rule.list(),
      approvals: () => conn.process.approval.list(),
      tooling: () => conn.tooling.query("SELECT Id FROM ApexClass"),
      reports: () => conn.analytics.reports(),
      chatter: () => conn.chatter.resource("/users/me").retrieve(),
      apex: () => conn.apex.get("/nothing"),
      actions: () => conn.request("/actions/standard"),
      ui: () => conn.request("/ui-api/object-info/Contact"),
      event: () => conn.sobject("Nonsense__e").create({ Text__c: "x" }),
    };
    const found = {};
    for (const [name, ask] of Object.entries(asked)) {
      const { error, unexpected } = await refused(ask());
      found[name] = error ? [error.errorCode, error.message] : unexpected;
    }
    return found;
  },

  async verbs_and_types(conn, { raw }) {
    const root = "/services/data/v64.0";
    const asked = {
      put: [`${root}/sobjects/Contact`, { method: "PUT", body: "{}" }],
      postRow: [`${root}/sobjects/Contact/003000000000000AAA`, { method: "POST", body: "{}" }],
      patchList: [`${root}/sobjects/Contact`, { method: "PATCH", body: "{}" }],
      text: [`${root}/sobjects/Contact`, { method: "POST", body: "LastName=x", headers: { "content-type": "text/plain" } }],
      xml: [`${root}/limits`, { headers: { Accept: "application/xml" } }],
      broken: [`${root}/sobjects/Contact`, { method: "POST", body: "{", headers: { "content-type": "application/json" } }],
      list: [`${root}/sobjects/Contact`, { method: "POST", body: "[]", headers: { "content-type": "application/json" } }],
      future: ["/services/data/v99.0/limits", {}],
      retired: ["/services/data/v29.0/limits", {}],
      version: ["/services/data/latest/limits", {}],
      override: [`${root}/sobjects/Contact/003000000000000AAA?_HttpMethod=PATCH`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }],
      noToken: [`${root}/limits`, { token: "" }],
      basic: [`${root}/limits`, { token: "", headers: { Authorization: "Basic eDp5" } }],
      badToken: [`${root}/limits`, { token: "00D!x" }],
      head: [`${root}/limits`, { method: "HEAD" }],
      slash: [`${root}/limits/`, {}],
    };
    const found = {};
    for (const [name, [path, options]] of Object.entries(asked)) {
      const { status, headers, text } = await raw(path, options);
      const errors = text.startsWith("[") ? JSON.parse(text) : null;
      found[name] = [status, errors?.[0].errorCode ?? null, errors?.[0].message ?? null, headers.allow ?? headers["www-authenticate"] ?? null];
    }
    return found;
  },

  async headers(conn, { raw }) {
    const plain = await raw("/services/data/v64.0/sobjects", { headers: { "Accept-Encoding": "identity" } });
    const packed = await raw("/services/data/v64.0/sobjects", { headers: { "Accept-Encoding": "gzip" } });
    const { created } = await conn.request({
      method: "PATCH",
      url: "/sobjects/MS_Graph_User__c/Graph_User_Id__c/header-test",
      body: JSON.stringify({ Name: "x" }),
      headers: {
        "content-type": "application/json",
        "Sforce-Call-Options": "client=tests, defaultNamespace=none",
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": "allowSave=true",
      },
    });
    return {
      type: plain.headers["content-type"],
      usage: plain.headers["sforce-limit-info"],
      cache: plain.headers["cache-control"],
      encodings: [plain.headers["content-encoding"] ?? null, packed.headers["content-encoding"] ?? null],
      same: plain.text === packed.text,
      created,
    };
  },
};
