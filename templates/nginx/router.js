// Built from src/adapters/gateway/njs by npm run docs: changes made here are lost.
// src/core/routing/form-model.ts
var LONGEST = 512;
function formModel(body, contentType) {
	const boundary = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
	if (boundary === null) return void 0;
	const line = `--${boundary[1] || boundary[2]}`;
	let at = body.indexOf(line, 0);
	while (at >= 0) {
		const head = at + line.length;
		const headEnd = body.indexOf("\r\n\r\n", head);
		if (headEnd < 0) return void 0;
		const next = body.indexOf(`\r\n${line}`, headEnd + 2);
		if (headEnd - head <= LONGEST_HEAD && NAMED_MODEL.test(body.toString("utf8", head, headEnd))) {
			const value = headEnd + 4;
			return next < value || next - value > LONGEST ? void 0 : body.toString("utf8", value, next);
		}
		at = next < 0 ? next : next + 2;
	}
}
var LONGEST_HEAD = 1024;
var NAMED_MODEL = /^content-disposition:\s*form-data\s*;\s*name="model"\s*$/im;
// src/core/routing/top-level-string.ts
function topLevelString(body, key) {
	let start = 0;
	let end = body.length;
	while (start < end && isSpace(body[start])) start++;
	while (end > start && isSpace(body[end - 1])) end--;
	if (end - start < 2 || body[start] !== OPEN_BRACE || body[end - 1] !== CLOSE_BRACE) return { kind: "not an object" };
	const quoted = `"${key}"`;
	const first = body.indexOf(quoted, start);
	const isPlain = body.indexOf("\\u00", start) < 0;
	if (first < 0 && isPlain) return { kind: "absent" };
	if (isPlain && body.indexOf(quoted, first + 1) < 0) {
		const value = valueAfter(body, first + quoted.length);
		if (value < 0 || body[first - 1] === BACKSLASH || !isAtTop(body, start, first, end)) return { kind: "absent" };
		return stringAt(body, value);
	}
	return walk(body, key, start, end);
}
var QUOTE = 34;
var BACKSLASH = 92;
var COLON = 58;
var OPEN_BRACE = 123;
var CLOSE_BRACE = 125;
var OPEN_BRACKET = 91;
var CLOSE_BRACKET = 93;
function isAtTop(body, start, at, end) {
	return at - start < end - at ? depthAfter(body, start, at, 0) === 1 : depthAfter(body, at, end, 1) === 0;
}
function depthAfter(body, from, to, depth) {
	let now = depth;
	let at = from;
	while (at < to) {
		const byte = body[at];
		if (byte === QUOTE) {
			at = endOfString(body, at);
			if (at < 0) return -1;
			continue;
		}
		if (byte === OPEN_BRACE || byte === OPEN_BRACKET) now++;
		else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) now--;
		at++;
	}
	return now;
}
function walk(body, key, start, end) {
	let found = { kind: "absent" };
	let depth = 0;
	let at = start;
	while (at < end) {
		const byte = body[at];
		if (byte !== QUOTE) {
			if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
			else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
			at++;
			continue;
		}
		const next = endOfString(body, at);
		if (next < 0) return { kind: "absent" };
		const value = depth === 1 ? valueAfter(body, next) : -1;
		if (value >= 0 && next - at <= LONGEST_KEY && text(body, at, next) === key) {
			if (found.kind !== "absent") return { kind: "repeated" };
			found = stringAt(body, value);
		}
		at = next;
	}
	return found;
}
var LONGEST_KEY = 200;
function valueAfter(body, at) {
	let next = at;
	while (isSpace(body[next])) next++;
	if (body[next] !== COLON) return -1;
	next++;
	while (isSpace(body[next])) next++;
	return next;
}
function stringAt(body, at) {
	if (body[at] !== QUOTE) return { kind: "not a string" };
	const end = endOfString(body, at);
	if (end < 0) return { kind: "not a string" };
	if (end - at > 514) return { kind: "too long" };
	const read = text(body, at, end);
	return read === void 0 ? { kind: "not a string" } : {
		kind: "string",
		text: read
	};
}
function text(body, at, end) {
	try {
		return JSON.parse(body.toString("utf8", at, end));
	} catch (_) {
		return;
	}
}
function endOfString(body, at) {
	let quote = body.indexOf("\"", at + 1);
	while (quote >= 0) {
		let before = quote - 1;
		while (body[before] === BACKSLASH) before--;
		if ((quote - before) % 2 === 1) return quote + 1;
		quote = body.indexOf("\"", quote + 1);
	}
	return -1;
}
function isSpace(byte) {
	return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
// src/core/routing/route.ts
function route(request, table) {
	const path = request.path;
	if (path === "/v1/models") return {
		status: 200,
		body: modelList(table)
	};
	if (path.indexOf("/v1/models/") === 0) return oneModel(path.slice(11), path, table);
	const serving = table.tiers.filter((tier) => serves(tier, path));
	if (serving.length === 0) return refusal(path, 404, "unknown_path", "Nothing is served at this path");
	if (path.indexOf("/v1/responses/") === 0 && path !== "/v1/responses/input_tokens") return refusal(path, 404, "response_not_kept", NOT_KEPT);
	if (request.method !== "POST") return { tier: firstReady(serving).name };
	const previous = path === "/v1/responses" && request.body !== void 0 && topLevelString(request.body, "previous_response_id");
	if (previous && previous.kind !== "absent" && previous.kind !== "not a string" && previous.kind !== "not an object") return refusal(path, 400, "response_not_kept", NOT_KEPT, "previous_response_id");
	const named = modelOf(request);
	if (named.kind === "string") return byModel(named.text, path, serving, table);
	if (named.kind === "absent") {
		const root = serving.filter((tier) => tier.isRoot)[0];
		if (root !== void 0) return { tier: root.name };
		if (serving.length === 1 || path.indexOf("/v1/") !== 0) return { tier: firstReady(serving).name };
	}
	return refusal(path, 400, WHY[named.kind][0], WHY[named.kind][1], "model");
}
function byModel(model, path, serving, table) {
	const having = serving.filter((tier) => tier.models.indexOf(model) >= 0);
	if (having.length > 0) return { tier: firstReady(having).name };
	if (table.tiers.filter((tier) => tier.models.indexOf(model) >= 0).length > 0) return refusal(path, 404, "unknown_path", `The model ${shown(model)} is not served at this path`, "model");
	const mayHave = serving.filter((tier) => tier.loadsModels && tier.state !== "ready");
	if (mayHave.length > 0) return { tier: mayHave[0].name };
	return refusal(path, 404, "model_not_found", `The model ${shown(model)} does not exist; ${offer(serving)}`, "model");
}
function modelOf(request) {
	const body = request.body;
	if (body === void 0 || body.length === 0) return { kind: "not an object" };
	if (!/^multipart\/form-data\b/i.test(request.contentType)) return topLevelString(body, "model");
	const model = formModel(body, request.contentType);
	return model === void 0 ? { kind: "absent" } : {
		kind: "string",
		text: model
	};
}
var WHY = {
	absent: ["model_required", "The request names no model"],
	"not an object": ["invalid_body", "The body is not a JSON object"],
	"not a string": ["invalid_model", "The model must be a string"],
	repeated: ["invalid_model", "The request names its model twice"],
	"too long": ["invalid_model", "The name of the model is too long"]
};
var NOT_KEPT = "A response lives in the engine that made it, which may be gone: send the whole conversation instead";
function firstReady(tiers) {
	return tiers.filter((tier) => tier.state === "ready")[0] || tiers[0];
}
function serves(tier, path) {
	return tier.paths.some((pattern) => pattern.test(path));
}
function modelList(table) {
	const data = [];
	const known = [];
	table.tiers.forEach((tier) => {
		tier.models.forEach((model) => {
			if (known.indexOf(model) >= 0) return;
			known.push(model);
			data.push(modelEntry(model, table));
		});
	});
	return JSON.stringify({
		object: "list",
		data
	});
}
function oneModel(model, path, table) {
	if (table.tiers.filter((tier) => tier.models.indexOf(model) >= 0).length > 0) return {
		status: 200,
		body: JSON.stringify(modelEntry(model, table))
	};
	return refusal(path, 404, "model_not_found", `The model ${shown(model)} does not exist; ${offer(table.tiers)}`, "model");
}
function modelEntry(model, table) {
	const tier = firstReady(table.tiers.filter((one) => one.models.indexOf(model) >= 0));
	return {
		id: model,
		object: "model",
		created: 0,
		owned_by: tier.name,
		state: tier.state
	};
}
function offer(tiers) {
	const models = [];
	tiers.forEach((tier) => {
		tier.models.forEach((model) => {
			if (models.indexOf(model) < 0) models.push(model);
		});
	});
	if (models.length === 0) return "this gateway serves none yet";
	const more = models.length > MOST_OFFERED ? `, and ${models.length - MOST_OFFERED} more` : "";
	return `this gateway serves ${models.slice(0, MOST_OFFERED).join(", ")}${more}`;
}
var MOST_OFFERED = 20;
function shown(model) {
	return JSON.stringify(model.length > LONGEST_SHOWN ? `${model.slice(0, LONGEST_SHOWN)}…` : model);
}
var LONGEST_SHOWN = 100;
function refusal(path, status, code, message, param) {
	if (path.indexOf("/v1/messages") === 0) return {
		status,
		body: JSON.stringify({
			type: "error",
			error: {
				type: status === 404 ? "not_found_error" : "invalid_request_error",
				message
			}
		})
	};
	return {
		status,
		body: JSON.stringify({ error: {
			message,
			type: "invalid_request_error",
			param: param || null,
			code
		} })
	};
}
// src/adapters/gateway/njs/router.ts
var tiers = TABLE.tiers.map((tier) => ({
	name: tier.name,
	models: tier.models,
	paths: tier.paths.map((source) => new RegExp(source)),
	state: tier.state,
	isRoot: tier.isRoot,
	loadsModels: tier.loadsModels
}));
function serve(request) {
	const decision = route({
		method: request.method,
		path: request.variables[`${TABLE.names}_straight`] || "",
		contentType: request.headersIn["Content-Type"] || "",
		body: request.method === "POST" ? request.requestBuffer : void 0
	}, { tiers });
	if (decision.tier !== void 0) {
		request.internalRedirect(`@${decision.tier}-model`);
		return;
	}
	request.headersOut["Content-Type"] = "application/json";
	request.return(decision.status, decision.body);
}
export default { serve: serve };
