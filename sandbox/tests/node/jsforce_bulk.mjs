// Bulk API 1, Bulk API 2.0 and the SOAP partner API through jsforce. Each scenario deletes what it made.

const named = (name, count) => Array.from({ length: count }, (_, number) => ({ LastName: `${name}${number}` }));

export const scenarios = {
  async bulk(conn, { refused }) {
    conn.bulk.pollInterval = 50;
    const rows = [...named("Bulk", 250), { FirstName: "x" }];
    const done = await conn.bulk.load("Contact", "insert", rows.map((row) => ({ LastName: "", FirstName: "", ...row })));
    const stream = await conn.bulk.query("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Bulk%'");
    const found = await stream.toArray();
    const gone = await conn.bulk.load("Contact", "delete", found.map(({ Id }) => ({ Id })));
    return {
      good: done.filter((item) => item.success && item.created).length,
      bad: done.at(-1),
      found: found.length,
      gone: gone.filter((item) => item.success).length,
      batch: await refused(conn.bulk.load("Contact", "insert", [{ Nonsense: "x" }])),
      job: await refused(conn.bulk.load("Nonsense__c", "insert", [{ Name: "x" }])),
    };
  },

  async bulk2(conn, { refused }) {
    conn.bulk2.pollInterval = 50;
    const input = [...named("Second", 250), { LastName: "", Email: "x@client.example" }].map((row) => ({ Email: "", ...row }));
    const done = await conn.bulk2.loadAndWaitForResults({ object: "Contact", operation: "insert", input });
    const stream = await conn.bulk2.query("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Second%'");
    const found = await stream.toArray();
    const ids = found.map(({ Id }) => ({ Id }));
    const gone = await conn.bulk2.loadAndWaitForResults({ object: "Contact", operation: "delete", input: ids });
    const nonsense = { object: "Contact", operation: "insert", input: [{ Nonsense: "x" }] };
    const job = conn.bulk2.createJob({ object: "Contact", operation: "upsert", externalIdFieldName: "Phone" });
    return {
      good: done.successfulResults.length,
      bad: done.failedResults,
      unprocessed: done.unprocessedRecords.length,
      found: found.length,
      gone: gone.successfulResults.length,
      failed: await refused(conn.bulk2.loadAndWaitForResults(nonsense)),
      key: await refused(job.open()),
    };
  },

  async soap_calls(conn) {
    const made = await conn.soap.create({ type: "Contact", LastName: "Soap" });
    await conn.sobject("Contact").destroy(made.id);
    return { made, info: await conn.soap.getUserInfo(), time: await conn.soap.getServerTimestamp() };
  },
};
