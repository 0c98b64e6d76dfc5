// Rows and queries through jsforce. Every scenario makes the rows that it looks at.

const NAMES = (count, prefix) => Array.from({ length: count }, (_, place) => `${prefix}${String(place).padStart(4, "0")}`);

async function contacts(conn, prefix, count, more = {}) {
  const rows = NAMES(count, prefix).map((LastName) => ({ LastName, Department: prefix, ...more }));
  return conn.sobject("Contact").create(rows, { allowRecursive: true });
}

const ids = (results) => results.map((result) => result.id);

export const scenarios = {
  async create_one(conn) {
    const made = await conn.sobject("Contact").create({ FirstName: "Ada", LastName: "Byron", Email: "ada@client.example" });
    const row = await conn.sobject("Contact").retrieve(made.id, { fields: ["Id", "Name", "Email"] });
    return { made, row };
  },

  async create_one_refused(conn, { refused }) {
    return {
      missing: await refused(conn.sobject("Contact").create({ FirstName: "No" })),
      unknown: await refused(conn.sobject("Contact").create({ LastName: "X", Nonsense__c: 1 })),
      object: await refused(conn.sobject("Nonsense__c").create({ Name: "X" })),
      several: await refused(conn.sobject("Contact").create({ FirstName: "No", Email: "no address" })),
      type: await refused(conn.sobject("Contact").create({ LastName: "X", Birthdate: "yesterday" })),
    };
  },

  async create_many(conn) {
    const rows = [{ LastName: "One" }, { FirstName: "Nameless" }, { LastName: "Three" }];
    return { partly: await conn.sobject("Contact").create(rows) };
  },

  async create_all_or_none(conn) {
    const rows = [{ LastName: "Kept", Department: "aon" }, { FirstName: "Nameless" }];
    const results = await conn.sobject("Contact").create(rows, { allOrNone: true });
    const left = await conn.query("SELECT COUNT() FROM Contact WHERE Department = 'aon'");
    return { results, left: left.totalSize };
  },

  async create_recursive(conn, { refused }) {
    const results = await contacts(conn, "rec", 450);
    const many = NAMES(201, "toomany").map((LastName) => ({ LastName }));
    return {
      count: results.length,
      good: results.filter((result) => result.success && result.errors.length === 0 && result.id.length === 18).length,
      distinct: new Set(ids(results)).size,
      refused: await refused(conn.sobject("Contact").create(many)),
    };
  },

  async create_mixed_types(conn) {
    const rows = [
      { attributes: { type: "Account" }, Name: "Mixed" },
      { attributes: { type: "Contact" }, LastName: "Mixed" },
      { attributes: { type: "Nonsense" }, Name: "Mixed" },
    ];
    return conn.create(undefined, rows);
  },

  async create_with_file(conn) {
    const content = Buffer.from("quarterly figures \u20ac").toString("base64");
    const made = await conn.sobject("ContentVersion").create(
      { PathOnClient: "figures.txt", Title: "figures", VersionData: content },
      { multipartFileFields: { VersionData: { filename: "figures.txt", contentType: "text/plain" } } },
    );
    const row = await conn.sobject("ContentVersion").retrieve(made.id);
    const file = await conn.request(`/sobjects/ContentVersion/${made.id}/VersionData`);
    return { made, size: row.ContentSize, link: row.VersionData, file };
  },

  async update_one(conn, { refused }) {
    const { id } = await conn.sobject("Contact").create({ LastName: "Before", Title: "kept" });
    const done = await conn.sobject("Contact").update({ Id: id, LastName: "After" });
    const row = await conn.sobject("Contact").retrieve(id);
    return {
      id,
      done,
      names: [row.LastName, row.Title],
      noId: await refused(conn.sobject("Contact").update({ Id: "003000000000000AAA", LastName: "x" })),
      noContact: await refused(conn.sobject("Contact").update({ Id: "nonsense", LastName: "x" })),
      readOnly: await refused(conn.sobject("Contact").update({ Id: id, CreatedDate: "2020-01-01T00:00:00Z" })),
    };
  },

  async update_many(conn) {
    const made = ids(await contacts(conn, "upd", 3));
    const rows = [...made.map((Id) => ({ Id, Title: "new" })), { Id: "003000000000000AAA", Title: "new" }];
    const results = await conn.sobject("Contact").update(rows);
    const found = await conn.query("SELECT Title FROM Contact WHERE Department = 'upd'");
    return { made, results, titles: found.records.map((row) => row.Title) };
  },

  async upsert_one(conn, { refused }) {
    const mailboxes = conn.sobject("MS_Graph_User__c");
    const row = { Name: "Box", Graph_User_Id__c: "one/with slash", User_Principal_Name__c: "box@firm.example" };
    const key = encodeURIComponent(row.Graph_User_Id__c);
    const first = await mailboxes.upsert({ ...row, Graph_User_Id__c: key }, "Graph_User_Id__c");
    const second = await mailboxes.upsert({ ...row, Graph_User_Id__c: key, Name: "Again" }, "Graph_User_Id__c");
    const read = await mailboxes.retrieve(first.id, { fields: ["Name", "Graph_User_Id__c"] });
    return {
      first,
      second,
      read,
      noKey: await refused(mailboxes.upsert({ Status_Detail__c: "x" }, "Status_Detail__c")),
      unknownKey: await refused(mailboxes.upsert({ Nonsense__c: "x" }, "Nonsense__c")),
    };
  },

  async upsert_many(conn) {
    const mailboxes = conn.sobject("MS_Graph_User__c");
    const row = (place) => ({ Name: `Many ${place}`, Graph_User_Id__c: `many-${place}` });
    const first = await mailboxes.upsert([row(1), row(2)], "Graph_User_Id__c");
    const rows = [row(2), row(3), { ...row(4), Email_Address__c: "no address" }];
    const second = await mailboxes.upsert(rows, "Graph_User_Id__c");
    const twice = await mailboxes.upsert([row(9), row(9)], "Graph_User_Id__c");
    return { first, second, twice };
  },

  async upsert_by_several_matches(conn, { refused }) {
    const mails = await conn
      .sobject("Email__c")
      .create([{ Internet_Message_Id__c: "<same@x.example>" }, { Internet_Message_Id__c: "<same@x.example>" }]);
    const key = encodeURIComponent("<same@x.example>");
    const single = conn.sobject("Email__c").upsert({ Internet_Message_Id__c: key, Subject__c: "x" }, "Internet_Message_Id__c");
    return { mails: ids(mails), single: await refused(single) };
  },

  async destroy_one(conn, { refused }) {
    const { id } = await conn.sobject("Contact").create({ LastName: "Gone" });
    return {
      id,
      done: await conn.sobject("Contact").destroy(id),
      read: await refused(conn.sobject("Contact").retrieve(id)),
      again: await refused(conn.sobject("Contact").destroy(id)),
    };
  },

  async destroy_many(conn) {
    const made = ids(await contacts(conn, "des", 2));
    const results = await conn.sobject("Contact").destroy([...made, "003000000000000AAA"]);
    const rest = ids(await contacts(conn, "aon2", 1));
    const together = await conn.sobject("Contact").destroy([...rest, "nonsense"], { allOrNone: true });
    const left = await conn.query("SELECT COUNT() FROM Contact WHERE Department IN ('des', 'aon2')");
    return { made, results, together, left: left.totalSize };
  },

  async destroy_recursive(conn) {
    const made = ids(await contacts(conn, "dr", 250));
    const results = await conn.sobject("Contact").destroy(made, { allowRecursive: true });
    return { good: results.filter((result) => result.success).length };
  },

  async retrieve_one(conn, { refused }) {
    const { id } = await conn.sobject("Account").create({ Name: "Whole", BillingCity: "Oslo" });
    const row = await conn.sobject("Account").retrieve(id);
    return {
      id,
      attributes: row.attributes,
      address: row.BillingAddress,
      keys: Object.keys(row).length,
      id15: (await conn.sobject("Account").retrieve(id.slice(0, 15))).Id,
      unknown: await refused(conn.sobject("Account").retrieve("001000000000000AAA")),
      nonsense: await refused(conn.sobject("Account").retrieve("nonsense")),
      field: await refused(conn.sobject("Account").retrieve(id, { fields: ["Nonsense"] })),
    };
  },

  async retrieve_many(conn) {
    const made = ids(await contacts(conn, "ret", 3));
    const wanted = [made[2], "003000000000000AAA", made[0]];
    const chosen = await conn.sobject("Contact").retrieve(wanted, { fields: ["Id", "LastName"] });
    const whole = await conn.sobject("Contact").retrieve(made);
    const byGet = await conn.request(`/composite/sobjects/Contact?ids=${made.join(",")}&fields=Id,LastName`);
    return { chosen, whole: whole.map((row) => row.Department), byGet: byGet.map((row) => row.LastName) };
  },

  async query_pages(conn) {
    await contacts(conn, "pag", 450);
    const soql = "SELECT Id, LastName FROM Contact WHERE Department = 'pag' ORDER BY LastName";
    const options = { headers: { "Sforce-Query-Options": "batchSize=200" } };
    const first = await conn.query(soql, options);
    const second = await conn.queryMore(first.nextRecordsUrl, options);
    const third = await conn.queryMore(second.nextRecordsUrl, options);
    const all = await conn.query(soql, { ...options, autoFetch: true, maxFetch: 10_000 });
    const some = await conn.query(soql, { ...options, autoFetch: true, maxFetch: 250 });
    const pages = [first, second, third];
    return {
      sizes: pages.map((page) => page.records.length),
      done: pages.map((page) => page.done),
      totals: pages.map((page) => page.totalSize),
      urls: pages.map((page) => page.nextRecordsUrl ?? null),
      all: all.records.map((row) => row.LastName),
      some: some.records.length,
      record: first.records[0],
    };
  },

  async query_default_page(conn, { refused }) {
    await contacts(conn, "big", 2_100);
    const page = await conn.query("SELECT Id FROM Contact WHERE Department = 'big'");
    const rest = await conn.queryMore(page.nextRecordsUrl);
    return {
      first: [page.records.length, page.done, page.totalSize],
      rest: [rest.records.length, rest.done],
      wrong: await refused(conn.queryMore("/services/data/v64.0/query/nonsense-2000")),
    };
  },

  async query_events(conn) {
    await contacts(conn, "evt", 5);
    const rows = [];
    const query = conn.query("SELECT LastName FROM Contact WHERE Department = 'evt' ORDER BY LastName");
    await new Promise((resolve, reject) => {
      query.on("record", (row) => rows.push(row.LastName)).on("end", resolve).on("error", reject);
      query.run({ autoFetch: true });
    });
    return { rows, total: query.totalSize, fetched: query.totalFetched };
  },

  async query_children(conn) {
    const { id } = await conn.sobject("Account").create({ Name: "Parent of many" });
    await contacts(conn, "chi", 450, { AccountId: id });
    const soql = `SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Id = '${id}'`;
    const headers = { "Sforce-Query-Options": "batchSize=200" };
    const page = await conn.query(soql, { headers });
    const { totalSize, done, nextRecordsUrl, records } = page.records[0].Contacts;
    const all = await conn.query(soql, { headers, autoFetch: true });
    return {
      child: { totalSize, done, nextRecordsUrl, length: records.length, first: records[0] },
      all: all.records[0].Contacts.records.map((row) => row.LastName),
    };
  },

  async query_refused(conn, { refused }) {
    return {
      malformed: await refused(conn.query("SELECT FROM Contact")),
      field: await refused(conn.query("SELECT Nonsense FROM Contact")),
      type: await refused(conn.query("SELECT Id FROM Nonsense")),
      aggregate: (await conn.query("SELECT COUNT(Id) n, Department d FROM Contact WHERE Department = 'pag' GROUP BY Department")).records,
    };
  },

  async query_all(conn) {
    const [{ id }] = await contacts(conn, "bin", 1);
    await conn.sobject("Contact").destroy(id);
    const soql = "SELECT Id, IsDeleted FROM Contact WHERE Department = 'bin'";
    return {
      id,
      without: (await conn.query(soql)).totalSize,
      with: (await conn.query(soql, { scanAll: true })).records.map((row) => [row.Id, row.IsDeleted]),
    };
  },

  async find(conn, { jsforce }) {
    await contacts(conn, "fin", 5);
    const table = conn.sobject("Contact");
    const found = await table
      .find({ Department: "fin", LastName: { $like: "fin000%" } }, { LastName: 1, Id: 0 })
      .sort({ LastName: -1 })
      .limit(3)
      .skip(1);
    const one = await table.findOne({ LastName: "fin0004" }, ["LastName", "Owner.Name"]);
    const count = await table.count({ Department: "fin", $or: [{ LastName: "fin0001" }, { LastName: "fin0002" }] });
    const listed = await table.find({ LastName: ["fin0001", "fin0003"] }, "LastName").sort("LastName");
    const dated = await table.count({ Department: "fin", CreatedDate: { $gte: jsforce.SfDate.toDateTimeLiteral(new Date(Date.now() - 3_600_000)) } });
    const every = await table.find({ Department: "fin" }).limit(1);
    return {
      found: found.map((row) => row.LastName),
      one: { name: one.LastName, owner: one.Owner.Name },
      count,
      listed: listed.map((row) => row.LastName),
      dated,
      none: await table.findOne({ LastName: "nobody at all" }),
      every: Object.keys(every[0]).length,
    };
  },

  async find_with_children(conn) {
    const { id } = await conn.sobject("Account").create({ Name: "Household" });
    await contacts(conn, "inc", 3, { AccountId: id });
    const rows = await conn
      .sobject("Account")
      .find({ Id: id }, "Name")
      .include("Contacts", { LastName: { $ne: "inc0001" } }, ["LastName", "Account.Name"], { sort: "LastName" })
      .end();
    return rows.map((row) => ({ name: row.Name, children: row.Contacts.records.map((child) => [child.LastName, child.Account.Name]) }));
  },

  async find_then_change(conn) {
    await contacts(conn, "fch", 4);
    const table = conn.sobject("Contact");
    const updated = await table.find({ Department: "fch" }).update({ Title: "Dr" });
    const removed = await table.find({ Department: "fch", LastName: "fch0000" }).destroy();
    return {
      updated: updated.map((result) => result.success),
      removed: removed.map((result) => result.success),
      left: await table.count({ Department: "fch", Title: "Dr" }),
    };
  },

  async composite(conn, { refused }) {
    const root = "/services/data/v64.0";
    const compositeRequest = [
      { method: "POST", url: `${root}/sobjects/Account`, referenceId: "account", body: { Name: "Composed" } },
      {
        method: "POST",
        url: `${root}/sobjects/Contact`,
        referenceId: "contact",
        body: { LastName: "Composed", AccountId: "@{account.id}" },
      },
      { method: "GET", url: `${root}/sobjects/Contact/@{contact.id}?fields=LastName,AccountId`, referenceId: "read" },
      { method: "GET", url: `${root}/query?q=SELECT+Name+FROM+Account+WHERE+Id='@{account.id}'`, referenceId: "query" },
      { method: "GET", url: `${root}/sobjects/Account/001000000000000AAA`, referenceId: "missing" },
    ];
    const answer = await conn.requestPost("/composite", { allOrNone: false, compositeRequest });
    const undone = await conn.requestPost("/composite", { allOrNone: true, compositeRequest });
    return {
      answer: answer.compositeResponse,
      undone: undone.compositeResponse.map((item) => [item.referenceId, item.httpStatusCode, item.body[0]?.errorCode ?? null]),
      shape: await refused(conn.requestPost("/composite", {})),
    };
  },

  async for_view(conn) {
    const made = await conn.create("Contact", [{ LastName: "Viewed" }, { LastName: "Referenced" }]);
    await conn.query("SELECT Id FROM Contact WHERE LastName = 'Viewed' FOR VIEW");
    await conn.query("SELECT Id FROM Contact WHERE LastName = 'Referenced' FOR REFERENCE");
    const fields = ["LastName", "LastViewedDate", "LastReferencedDate"];
    return {
      ids: made.map((row) => row.id),
      recent: (await conn.recent("Contact", 2)).map((item) => item.Id),
      dates: await Promise.all(made.map((row) => conn.sobject("Contact").retrieve(row.id, { fields }))),
    };
  },

  async column_metadata(conn) {
    const soql = "SELECT Name, Owner.Name, (SELECT LastName FROM Contacts) FROM Account";
    return conn.request(`/query?q=${encodeURIComponent(soql)}&columns=true`);
  },
};
